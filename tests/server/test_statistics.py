"""The `stats` message, part by part; docs/reference/websocket.md lists the fields."""

import msgspec

from camwire.config.camera import CameraConfig
from camwire.config.secrets import SecretUrl
from camwire.link.reports import CameraReport, DeviceMemory, Quantiles, Statistics
from camwire.monitoring.process import ProcessUsage
from camwire.server import statistics
from camwire.server.hub import Client
from camwire.server.mailbox import Picture
from camwire.server.supervisor import WorkerState

CAMERA = CameraConfig(id="gate", name="Main gate", url=SecretUrl("rtsp://u:p@h/"))


def test_a_live_camera() -> None:
    report = CameraReport(
        id="gate",
        phase="live",
        codec="h264",
        width=1920,
        height=1080,
        input_fps=25.004,
        processed_fps=25.0,
        output_fps=20.0,
        frames_in=90,
        frames_processed=80,
        frames_out=70,
        drops={"fps_cap": 20},
        objects={"person": 3},
        rules={"door": {"in": {"person": 1}}},
        latency_ms={"total": Quantiles(p50=40.2, p95=55.0)},
    )
    assert statistics.camera_statistics(
        CAMERA, report, watched=True, socket=Quantiles(p50=41.0, p95=57.333), now=0.0
    ) == {
        "name": "Main gate",
        "state": "live",
        "reason": None,
        "retry_in_s": None,
        "watched": True,
        "codec": "h264",
        "width": 1920,
        "height": 1080,
        "fps": {"input": 25.0, "processed": 25.0, "output": 20.0},
        "frames": {"in": 90, "processed": 80, "out": 70},
        "drops": {"fps_cap": 20},
        "objects": {"person": 3},
        "rules": {"door": {"in": {"person": 1}}},
        "nvdsanalytics": {},
        "latency_ms": {"total": {"p50": 40.2, "p95": 55.0}, "socket": {"p50": 41.0, "p95": 57.33}},
    }


def camera_state(camera: CameraConfig, report: CameraReport | None, now: float = 0.0) -> dict[str, object]:
    return statistics.camera_statistics(camera, report, watched=False, socket=None, now=now)


def test_a_camera_of_which_no_worker_speaks_waits_unless_it_is_disabled() -> None:
    assert camera_state(CAMERA, None)["state"] == "waiting"
    assert camera_state(CAMERA.model_copy(update={"enabled": False}), None)["state"] == "disabled"
    assert camera_state(CAMERA, None)["latency_ms"] == {}


def test_a_lost_camera_says_why_and_counts_down_to_zero() -> None:
    report = CameraReport(id="gate", phase="retrying", reason="refused", retry_at=103.24)
    state = camera_state(CAMERA, report, now=100.0)
    assert (state["state"], state["reason"], state["retry_in_s"]) == ("retrying", "refused", 3.2)
    assert camera_state(CAMERA, report, now=110.0)["retry_in_s"] == 0.0


def test_processes() -> None:
    assert statistics.server_process(7, ProcessUsage(4.04, 91)) == {
        "pid": 7,
        "state": "running",
        "cpu_percent": 4.0,
        "rss_bytes": 91,
    }
    report = Statistics(
        worker="cpu",
        pid=8,
        device="cpu",
        revision=1,
        cameras=(),
        model="NanoDet",
        cpu_percent=120.0,
        rss_bytes=410,
    )
    running = statistics.worker_process(WorkerState("running", pid=8, restarts=2), report, "no such model")
    assert running == {
        "pid": 8,
        "state": "running",
        "reason": "no such model",
        "restarts": 2,
        "cpu_percent": 120.0,
        "rss_bytes": 410,
        "device": "cpu",
        "model": "NanoDet",
    }
    ailing = msgspec.structs.replace(report, failures={"render": 3}, lost={"events": 5, "event_pictures": 0})
    told = statistics.worker_process(WorkerState("running", pid=8), ailing, None)
    assert (told["failures"], told["lost"]) == ({"render": 3}, {"events": 5})
    memory = DeviceMemory(total=80, free=30, network=10, pictures=5, decoders=35)
    on_gpu = msgspec.structs.replace(report, device="cuda:0", device_memory=memory)
    told = statistics.worker_process(WorkerState("running", pid=8), on_gpu, None)["device_memory"]
    assert told == {"total": 80, "free": 30, "network": 10, "pictures": 5, "decoders": 35}
    ended = statistics.worker_process(
        WorkerState("restarting", reason="it was killed by SIGKILL"), None, None
    )
    assert (ended["state"], ended["reason"], ended["pid"]) == ("restarting", "it was killed by SIGKILL", None)


def test_clients() -> None:
    client = Client(7, "127.0.0.1", sent=1200)
    for number in range(3):
        client.mailbox.put_picture(Picture("gate", b"", number))
    client.mailbox.put_picture(Picture("yard", b"", 0))
    assert statistics.client_statistics([client]) == [
        {"id": 7, "address": "127.0.0.1", "queue": 2, "sent": 1200, "dropped": 2}
    ]
