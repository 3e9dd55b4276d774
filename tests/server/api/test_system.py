"""GET /system, and the readings behind it."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import httpx
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.link.events import Events, LinkedEvent
from camwire.monitoring.gpus import GpuMeter, GpuUsage
from camwire.monitoring.machine import MachineMeter, busy_percent
from camwire.server import system
from camwire.server.api.system import picture_size
from camwire.server.server import Server
from camwire.server.wish import Wish
from tests.server.api.serving import TEXT, with_api
from tests.server.running import until

API = "/api/v1"


def test_the_system_tells_its_parts(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        viewer = server.hub.join("192.0.2.3", Wish(frozenset({"gate"}), frozenset({"thumbnail"}), 5.0))
        viewer.sent = 12
        told = (await client.get(f"{API}/system")).json()
        assert 0 <= told["cpu_percent"] <= 100
        assert told["cores"] == psutil.cpu_count()
        for amount in (told["memory"], told["disk"]):
            assert 0 < amount["used"] < amount["total"]
        assert abs(told["started"] - time.time()) < 120
        assert told["server"]["rss_bytes"] > 1_000_000
        assert told["platform"]["python"].startswith("3.")
        [worker] = told["workers"]
        assert worker == {
            "name": "cpu",
            "device": None,
            "phase": "starting",
            "reason": None,
            "pid": None,
            "cpu_percent": None,
            "rss_bytes": None,
            "model": None,
            "restarts": 0,
        }
        assert [part["problem"] for part in told["parts"]] == [None, None, None]
        [shown] = told["clients"]
        assert abs(shown.pop("since") - time.time()) < 120
        assert shown == {
            "address": "192.0.2.3",
            "cameras": ["gate"],
            "size": "thumbnail",
            "max_fps": 5.0,
            "sent": 12,
            "dropped": 0,
        }

    with_api(tmp_path, play)


def test_parts_in_trouble_are_told(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        server.events.keeper.problem = "the disk is full"
        (tmp_path / "camwire.yaml").write_text("cameras: 3\n")
        await client.post(f"{API}/configuration/reload")
        parts = {
            part["name"]: part["problem"] for part in (await client.get(f"{API}/system")).json()["parts"]
        }
        assert parts["events"] == "the disk is full"
        assert "camwire.yaml:1" in parts["configuration"]
        assert parts["media"] is None

    with_api(tmp_path, play)


def test_sinks_are_told_with_what_waits_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiomqtt", None)
    lines = "{name: log, file: camwire.yaml/impossible.jsonl}"
    sinks = f"sinks:\n  files: [{lines}]\n  mqtt: [{{name: broker, url: mqtt://127.0.0.1}}]\n"

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        keeper, couriers = server.events.keeper, server.events.couriers
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(couriers.run()), tasks.create_task(keeper.run())]
            await until(lambda: len(couriers.states()) == 2, "the sinks")
            await keeper.use(lambda store: store.cursor("log"))
            event = LinkedEvent(id="w-1", time=1.0, camera="gate", rule="door", kind="in", body={})
            keeper.received(Events(worker="cpu", pid=1, upto=1, events=(event,)))
            await until(lambda: couriers.states()["log"]["problem"], "the problem")
            log, broker = (await client.get(f"{API}/system")).json()["parts"][3:]
            for task in running:
                task.cancel()
        assert (log["name"], log["sink"], log["waiting"]) == ("sink", "log", 1)
        assert "can't be written" in log["problem"]
        assert (broker["name"], broker["sink"], broker["waiting"]) == ("sink", "broker", None)
        assert "aiomqtt" in broker["problem"]
        for sink in (log, broker):
            assert abs(sink["since"] - time.time()) < 120

    with_api(tmp_path, play, TEXT + sinks)


def test_whoever_asks_in_the_same_second_gets_the_same_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        monkeypatch.setattr(system, "LEAST_INTERVAL", 3600.0)
        first = await server.system.read()
        assert await server.system.read() is first
        monkeypatch.setattr(system, "LEAST_INTERVAL", 0.0)
        assert await server.system.read() is not first

    with_api(tmp_path, play)


@pytest.mark.parametrize(
    ("renditions", "size"),
    [({"full"}, "full"), ({"thumbnail", "objects"}, "thumbnail"), ({"clean"}, "clean"), ({"objects"}, None)],
)
def test_what_a_client_gets(renditions: set[str], size: str | None) -> None:
    assert picture_size(Wish(renditions=frozenset(renditions))) == size  # type: ignore[arg-type]


seconds = st.floats(0, 1e7)
times = st.fixed_dictionaries(
    dict.fromkeys(("user", "system", "idle", "iowait", "guest"), seconds),
)


@given(times, times)
def test_a_share_of_time_is_one(before: dict[str, float], after: dict[str, float]) -> None:
    assert -1e-6 <= busy_percent(before, after) <= 100 + 1e-6


def test_guests_and_waiting_for_disks() -> None:
    before = {"user": 10.0, "idle": 10.0, "iowait": 0.0, "guest": 5.0}
    after = {"user": 13.0, "idle": 15.0, "iowait": 2.0, "guest": 8.0}
    assert busy_percent(before, after) == pytest.approx(30)
    assert busy_percent(after, after) == 0


def test_a_folder_that_is_gone_is_told_by_leaving_the_disk_out(tmp_path: Path) -> None:
    assert MachineMeter(tmp_path / "gone").read().disk is None


class _NvmlError(Exception):
    pass


def nvml(*, driver: bool = True, decoder: bool = True) -> ModuleType:
    """Stands in for the driver's library, which needs an NVIDIA GPU; tests/gpu asks the real one."""
    module = ModuleType("pynvml")

    def initialise() -> None:
        if not driver:
            raise _NvmlError("Driver Not Loaded")

    def decoder_utilization(handle: str) -> list[int]:
        if not decoder:
            raise _NvmlError("Not Supported")
        return [7, 167000]

    vars(module).update(
        NVMLError=_NvmlError,
        nvmlInit=initialise,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda index: f"handle {index}",
        nvmlDeviceGetName=lambda handle: "NVIDIA Something",
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=3 << 30, total=80 << 30, free=77 << 30),
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=41, memory=10),
        nvmlDeviceGetDecoderUtilization=decoder_utilization,
    )
    return module


def gpus(monkeypatch: pytest.MonkeyPatch, module: ModuleType | None) -> list[GpuUsage]:
    monkeypatch.setitem(sys.modules, "pynvml", module)
    return GpuMeter().read()


def test_gpus_tell_what_they_can(monkeypatch: pytest.MonkeyPatch) -> None:
    full = GpuUsage("NVIDIA Something", 41.0, 7.0, 3 << 30, 80 << 30)
    assert gpus(monkeypatch, nvml()) == [full]
    assert gpus(monkeypatch, nvml(decoder=False)) == [GpuUsage(full.name, 41.0, None, 3 << 30, 80 << 30)]


def test_no_driver_or_no_package_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpus(monkeypatch, nvml(driver=False)) == []
    assert gpus(monkeypatch, None) == []
