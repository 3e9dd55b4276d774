"""`camwire run` with real RTSP servers and real clients."""

import signal
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from websockets.asyncio.client import connect

from tests.end_to_end.conftest import FRAMES
from tests.support.clips import read_counter
from tests.support.product import Seen, as_client, camwire, until, write_config
from tests.support.rtsp import GstRtspServer, RtspServer
from tests.support.rtsp_faults import silent_server
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e
PLAIN = dict.fromkeys(("boxes", "labels", "traces", "keypoints", "masks", "zones", "lines"), False)
"""Nothing is drawn over the pictures' numbers."""


def decoded(jpeg: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None, "a picture that isn't a JPEG"
    return picture


def numbers(seen: Seen, camera: str) -> list[int]:
    """The number painted into each picture."""
    return [read_counter(decoded(jpeg)) for jpeg in seen.pictures[camera]]


def in_order(sequence: list[int]) -> bool:
    """Whether it falls back nowhere but where the clip begins again."""
    falls = [(earlier, later) for earlier, later in pairwise(sequence) if later <= earlier]
    return all(earlier > FRAMES * 3 / 4 and later < FRAMES / 4 for earlier, later in falls)


def test_rtsp_cameras_reach_a_client_as_pictures_in_order(tmp_path: Path, rtsp: RtspServer) -> None:
    config = write_config(
        tmp_path,
        [
            {"id": "h264", "url": rtsp.url("h264.mp4")},
            {"id": "Einfahrt ä", "name": "Second", "url": rtsp.url("h265.mp4")},
            {"id": "off", "url": rtsp.url("h264.mp4"), "enabled": False},
        ],
        overlay=PLAIN,
    )
    with camwire("run", str(config)) as product:

        async def watch(socket, seen):
            await until(socket, seen, lambda: len(seen.pictures["h264"]) >= 20, "20 pictures of H.264")
            await until(socket, seen, lambda: len(seen.pictures["Einfahrt ä"]) >= 20, "20 of H.265")
            await until(socket, seen, lambda: len(seen.stats) >= 3, "statistics")
            # Statistics come once a second: the last ones may be older than the pictures.
            for camera in ("h264", "Einfahrt ä"):
                await until(
                    socket,
                    seen,
                    lambda camera=camera: "socket" in seen.camera(camera)["latency_ms"],
                    "statistics of delivered pictures",
                )

        seen = as_client(product, watch)
        assert product.interrupt() == 0

    assert set(seen.pictures) == {"h264", "Einfahrt ä"}
    for camera in seen.pictures:
        assert {decoded(jpeg).shape for jpeg in seen.pictures[camera]} == {(180, 320, 3)}
        came = numbers(seen, camera)
        assert in_order(came), f"pictures of {camera} came out of order: {came}\n{product.text[-3000:]}"
    assert seen.toggles[0] == PLAIN
    assert seen.errors == []
    last = seen.stats[-1]
    assert list(last["cameras"]) == ["h264", "Einfahrt ä", "off"]
    assert last["cameras"]["off"]["state"] == "disabled"
    assert last["cameras"]["Einfahrt ä"]["codec"] == "hevc"
    for name in ("h264", "Einfahrt ä"):
        camera = last["cameras"][name]
        assert camera["state"] == "live"
        assert (camera["width"], camera["height"]) == (320, 180)
        assert {"decode", "queue", "detect", "track", "render", "encode", "total", "socket"} <= set(
            camera["latency_ms"]
        )
        under_way = camera["frames"]["in"] - camera["frames"]["out"] - sum(camera["drops"].values())
        assert 0 <= under_way <= 8
    assert last["connections"] == {"now": 1, "total": 1}


def test_a_second_make_of_rtsp_server_over_tcp_and_udp(tmp_path: Path, gst_rtsp: GstRtspServer) -> None:
    cameras = [
        {"id": "tcp", "url": gst_rtsp.url("h264.mp4"), "transport": "tcp"},
        {"id": "udp", "url": gst_rtsp.url("h265.mp4"), "transport": "udp"},
    ]
    with camwire("run", str(write_config(tmp_path, cameras, overlay=PLAIN))) as product:

        async def watch(socket, seen):
            await until(socket, seen, lambda: len(seen.pictures["tcp"]) >= 20, "pictures over TCP")
            await until(socket, seen, lambda: len(seen.pictures["udp"]) >= 20, "pictures over UDP")

        seen = as_client(product, watch)
    assert in_order(numbers(seen, "tcp"))


def test_objects_are_found_and_toggles_reach_everyone(tmp_path: Path, street: Path) -> None:
    with camwire("run", str(write_config(tmp_path, [{"id": "yard", "url": str(street)}]))) as product:

        async def watch(socket, seen):
            await until(
                socket, seen, lambda: seen.camera("yard").get("objects", {}).get("person", 0) >= 1, "people"
            )
            async with connect(product.socket_url, max_size=None) as second:
                await second.send('{"type": "set_vis_toggle", "toggle": "labels", "enabled": false}')
                await until(
                    socket, seen, lambda: seen.toggles[-1]["labels"] is False, "the first client to be told"
                )
                await socket.send('{"type": "set_vis_toggle", "toggle": "no such", "enabled": true}')
                await until(socket, seen, lambda: seen.errors, "an error for the wrong toggle")
            await until(socket, seen, lambda: seen.camera("yard")["frames"]["in"] >= 50, "fifty frames")
            frames = seen.camera("yard")["frames"]["in"]
            await socket.send('{"type": "clear_stats"}')
            await until(
                socket, seen, lambda: seen.camera("yard")["frames"]["in"] < frames, "cleared statistics"
            )

        seen = as_client(product, watch)
    assert "no such" in seen.errors[0]


def test_nothing_is_encoded_that_nobody_watches(tmp_path: Path, rtsp: RtspServer) -> None:
    with camwire("run", str(write_config(tmp_path, [{"id": "a", "url": rtsp.url("h264.mp4")}]))) as product:

        async def glance(socket, seen):
            await until(socket, seen, lambda: len(seen.pictures["a"]) >= 5, "pictures")
            await until(socket, seen, lambda: seen.stats, "statistics")

        before = as_client(product, glance).camera("a")["drops"].get("unwatched", 0)

        async def compare(socket, seen):
            await until(socket, seen, lambda: seen.camera("a"), "statistics")

        def unwatched():
            return as_client(product, compare).camera("a")["drops"].get("unwatched", 0) > before + 10

        wait_for(unwatched, "frames to pass undrawn between two glances", timeout=30, every=1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_lost_worker_is_back_and_no_client_loses_its_connection(
    tmp_path: Path, rtsp: RtspServer, how: int
) -> None:
    with camwire("run", str(write_config(tmp_path, [{"id": "a", "url": rtsp.url("h264.mp4")}]))) as product:

        async def watch(socket, seen):
            await until(socket, seen, lambda: len(seen.pictures["a"]) >= 5, "pictures")
            lost = product.worker()
            lost.send_signal(how)
            await until(
                socket,
                seen,
                lambda: seen.stats and seen.stats[-1]["processes"]["cpu"]["restarts"] == 1,
                "a restart",
            )
            seen.pictures.clear()
            await until(socket, seen, lambda: len(seen.pictures["a"]) >= 10, "pictures of the new worker")
            assert product.worker().pid != lost.pid
            assert seen.stats[-1]["connections"] == {"now": 1, "total": 1}

        as_client(product, watch)
        assert product.interrupt() == 0
        zombies = [one for one in psutil.Process().children() if one.status() == psutil.STATUS_ZOMBIE]
        assert zombies == []


def test_a_client_that_stops_reading_costs_the_others_nothing(tmp_path: Path, rtsp: RtspServer) -> None:
    with camwire("run", str(write_config(tmp_path, [{"id": "a", "url": rtsp.url("h264.mp4")}]))) as product:

        async def watch(socket, seen):
            async with connect(product.socket_url, max_size=None, max_queue=1) as stalled:
                await stalled.recv()
                await until(
                    socket, seen, lambda: len(seen.pictures["a"]) >= 40, "pictures beside a stalled client"
                )
                await until(
                    socket,
                    seen,
                    lambda: seen.stats and any(one["sent"] >= 20 for one in seen.stats[-1]["clients"]),
                    "statistics of a client that gets its pictures",
                )

        seen = as_client(product, watch)
    assert in_order(numbers(seen, "a"))


def test_a_silent_camera_says_why_and_the_others_go_on(tmp_path: Path, rtsp: RtspServer) -> None:
    with silent_server() as silent:
        cameras = [
            {"id": "good", "url": rtsp.url("h264.mp4")},
            {"id": "silent", "url": f"rtsp://admin:s3cr3t-pass@127.0.0.1:{silent.port}/stream"},
        ]
        with camwire("run", str(write_config(tmp_path, cameras)), "--log-level", "debug") as product:

            async def watch(socket, seen):
                await until(socket, seen, lambda: seen.camera("silent").get("reason"), "a reason")
                assert seen.camera("silent")["state"] in ("retrying", "connecting")
                await until(
                    socket, seen, lambda: len(seen.pictures["good"]) >= 15, "the good camera's pictures"
                )
                assert "s3cr3t-pass" not in str(seen.stats)

            as_client(product, watch)
            assert product.interrupt() == 0
            assert "s3cr3t-pass" not in product.text


def test_a_camera_that_comes_back_is_live_again(tmp_path: Path, clips: Path) -> None:
    with RtspServer(clips) as server:
        config = write_config(tmp_path, [{"id": "a", "url": server.url("h264.mp4")}])
        with camwire("run", str(config)) as product:

            async def watch(socket, seen):
                await until(socket, seen, lambda: len(seen.pictures["a"]) >= 5, "pictures")
                server.kill()
                await until(
                    socket,
                    seen,
                    lambda: seen.camera("a")["state"] == "retrying" and seen.camera("a")["retry_in_s"],
                    "the loss to be seen, and when it is tried again",
                )
                server.start()
                await until(
                    socket, seen, lambda: seen.camera("a")["state"] == "live", "the camera to be live again"
                )
                seen.pictures.clear()
                await until(socket, seen, lambda: len(seen.pictures["a"]) >= 10, "pictures again")

            as_client(product, watch)


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path, rtsp: RtspServer) -> None:
    config = write_config(tmp_path, [{"id": "a", "url": rtsp.url("h264.mp4")}])
    with camwire("run", str(config)) as first:
        port = int(first.url.rsplit(":", 1)[1])
        taken = write_config(tmp_path, [{"id": "a", "url": rtsp.url("h264.mp4")}], server={"port": port})
        with camwire("run", str(taken)) as second:
            assert second.process.wait(60) != 0
            wait_for(lambda: str(port) in second.text, "the port to be named")
            assert "Traceback" not in second.text
        assert first.process.poll() is None


def test_a_configuration_with_mistakes_starts_nothing(tmp_path: Path) -> None:
    config = tmp_path / "camwire.yaml"
    config.write_text("cameras:\n  - id: a\n    ulr: rtsp://x\nserver:\n  port: 99999\n")
    with camwire("run", str(config)) as product:
        assert product.process.wait(60) == 2
        wait_for(lambda: "99999" in product.text, "the mistakes to be told")
        assert f"{config}:3:" in product.text
        assert f"{config}:5:" in product.text
