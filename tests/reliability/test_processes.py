"""Workers that die, hang, starve or can't use their model: clients stay, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import tempfile
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from camwire.config.camera import CameraConfig
from camwire.config.detection import ModelConfig
from camwire.config.events import EventsConfig
from camwire.config.root import Config
from camwire.config.secrets import SecretUrl
from camwire.config.server import ServerConfig
from camwire.server.main import worker_command
from camwire.server.restart_policy import Heartbeat
from tests.models.files import save_dynamic
from tests.reliability.serving import WORKER, Serving, module, pictures, serving
from tests.server.configs import config
from tests.server.running import until
from tests.support.clips import make_clip
from tests.support.parting_worker import EVENTS

pytestmark = pytest.mark.e2e

SEGMENTS = ("psm_", "sem.", "camwire")
"""How names of shared memory begin that Python or camwire would make."""
SIMPLE = module("tests.support.simple_worker")


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 240))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", width=160, height=128, fps=10)


def of_clip(clip: Path, model: Path | None = None) -> Config:
    detection = ModelConfig() if model is None else ModelConfig(file=str(model), input_size="96x64")
    camera = CameraConfig(id="a", url=SecretUrl(str(clip)))
    return Config(cameras=(camera,), model=detection, server=ServerConfig(port=0))


def held() -> dict[str, int]:
    """How much this process holds of what a worker can leave behind.

    Of processes its own children only: a browser that a test before this one left open has some of its own
    that come and go.
    """
    own = psutil.Process()
    return {
        "descriptors": own.num_fds(),
        "threads": threading.active_count(),
        "processes": len(own.children()),
        "ports": sum(one.status == psutil.CONN_LISTEN for one in own.net_connections()),
        "folders": len(list(Path(tempfile.gettempdir()).glob("camwire-*"))),
    }


def shared_segments() -> set[str]:
    """The names of shared memory on this machine, which others use at the same time."""
    return {name for name in os.listdir("/dev/shm") if name.startswith(SEGMENTS)}


def test_fifty_killed_workers_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def test() -> None:
        async with serving(config("a"), SIMPLE) as it, it.client() as client:
            pid = await it.runs()
            before, segments = held(), shared_segments()
            for _ in range(50):
                os.kill(pid, signal.SIGKILL)
                pid = await it.runs(other_than=pid)
            # What tests before this one had left may have gone meanwhile.
            await until(
                lambda: all(now <= before[what] for what, now in held().items()),
                f"no more to be held than before: {before}, {held()}",
            )
            await until(
                lambda: len(shared_segments() - segments) < 50, f"no new shared memory: {shared_segments()}"
            )
            assert it.supervisor.state.restarts >= 50
            await client.ping()

    run(test)
    assert not list(tmp_path.iterdir())


def test_a_stopped_worker_is_replaced() -> None:
    async def test() -> None:
        async with serving(config("a"), SIMPLE, heartbeat=Heartbeat(at_first=30, later=5)) as it:
            pid = await it.runs()
            os.kill(pid, signal.SIGSTOP)
            await it.runs(other_than=pid)
            assert not psutil.pid_exists(pid)

    run(test)


def test_a_worker_without_memory_ends_with_a_reason_and_is_not_restarted_in_a_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It gets 400 MB of address space, and takes it. Five times are hopeless here, in place of twenty."""
    monkeypatch.setattr("camwire.server.restart_policy.HOPELESS", 5)

    async def test() -> None:
        hungry = module("tests.support.simple_worker", "--hungry", "400")
        async with serving(config("a"), hungry) as it:
            await until(lambda: it.supervisor.state.phase == "failing", "it is called failing", 120)
            assert "it ended with status 1" in (it.supervisor.state.reason or "")
            assert it.server.not_ready() is not None

    run(test)


@pytest.mark.parametrize("keeps_lock", [False, True], ids=["lock released", "lock kept"])
def test_a_worker_that_is_stuck_in_native_code_is_replaced(
    tmp_path: Path, clip: Path, keeps_lock: bool
) -> None:
    (once := tmp_path / "once").touch()
    arguments = ["--once", str(once), "--looks", "2", *(["--keep-lock"] if keeps_lock else [])]
    worker = module("tests.support.wedged_worker", *arguments)

    async def test() -> None:
        heartbeat = Heartbeat(at_first=30, later=6)
        async with serving(of_clip(clip), worker, heartbeat=heartbeat) as it, it.client() as client:
            await until(lambda: it.supervisor.state.pid, "it is started")
            pid = it.supervisor.state.pid
            await until(lambda: it.supervisor.state.restarts >= 1, "it is replaced", 120)
            assert pid is not None
            assert not psutil.pid_exists(pid)
            await pictures(client, 5)

    run(test)


def test_events_of_the_last_moment_are_on_the_disk(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the worker's cameras and threads can take longer to end.
    monkeypatch.setattr("camwire.server.supervisor.GRACE", 30.0)
    monkeypatch.setattr("camwire.server.supervisor.LONGEST_GRACE", 60.0)
    file = tmp_path / "events.db"
    settings = of_clip(clip).model_copy(update={"events": EventsConfig(file=str(file))})

    async def test() -> None:
        async with serving(settings, module("tests.support.parting_worker")) as it, it.client() as client:
            await pictures(client, 1)

    run(test)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM events").fetchone() == (EVENTS,)


async def told(it: Serving, problem: str | None) -> None:
    def fits() -> bool:
        said = it.server.workers.problem(WORKER)
        return said is None if problem is None else problem in (said or "")

    await until(fits, f"the problem to be {problem}, not {it.server.workers.problem(WORKER)}")


def test_a_model_that_has_gone_bad_leaves_the_last_one_running(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a restart of the worker, too; and once the file is mended it is used."""
    monkeypatch.setattr("camwire.server.fallback.TRY_AGAIN_EVERY", 1.0)
    good, bad = save_dynamic(tmp_path / "good.onnx"), tmp_path / "bad.onnx"
    bad.write_bytes(b"this is no model")

    async def test() -> None:
        async with (
            serving(of_clip(clip, good), lambda endpoints: worker_command(WORKER, endpoints)) as it,
            it.client() as client,
        ):
            await pictures(client, 5)
            pid = await it.runs()
            it.server.desired.use(of_clip(clip, bad))
            it.server.workers.changed()
            await told(it, "bad.onnx")
            await pictures(client, 5)
            os.kill(pid, signal.SIGKILL)
            await it.runs(other_than=pid)
            async with it.client() as late:
                await pictures(late, 5)
            await told(it, "bad.onnx")
            shutil.copy(good, bad)
            await told(it, None)
            await pictures(client, 5)

    run(test)
