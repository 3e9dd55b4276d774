"""The server as a process, with a stand-in for the worker: start, statistics, crash, stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import httpx
import numpy as np
import psutil
import pytest
from websockets.sync.client import ClientConnection, connect

from camwire.config.server import ServerConfig
from camwire.link.endpoint import Endpoints, private_endpoints
from camwire.link.server_end import ServerEnd
from camwire.server.document import MemoryDocument
from camwire.server.listener import listen
from camwire.server.main import serve, worker_command
from camwire.server.server import Server
from tests.server.configs import config
from tests.server.running import until
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parent.parent.parent


class Playground:
    """A running ``tests.support.viewer_playground``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.viewer_playground", "--port", "0", "--cameras", "2"],
                cwd=PROJECT,
                env={**os.environ, "XDG_RUNTIME_DIR": str(folder), "PYTHONUNBUFFERED": "1"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def wait_until_ready(self) -> None:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("viewer: http://"), line + self.log.read_text()
        self.address = line.removeprefix("viewer: ").strip()

    def connect(self) -> ClientConnection:
        return connect(self.address.replace("http", "ws", 1) + "ws", max_size=None, compression=None)

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(10)


@contextmanager
def started() -> Iterator[Playground]:
    # A short name: it becomes part of a socket's.
    with TemporaryDirectory(prefix="camwire-test-", dir="/tmp") as folder:
        playground = Playground(Path(folder))
        try:
            playground.wait_until_ready()
            yield playground
        finally:
            if playground.process.poll() is None:
                playground.stop()
            assert playground.process.stdout
            playground.process.stdout.close()


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    """One for all tests that leave it running."""
    with started() as playground:
        yield playground


@pytest.fixture
def own_playground() -> Iterator[Playground]:
    """One that the test ends itself."""
    with started() as playground:
        yield playground


def statistics(client: ClientConnection) -> dict[str, Any]:
    """The next ``stats`` message."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        message = client.recv(timeout=60)
        if isinstance(message, str):
            parsed: dict[str, Any] = json.loads(message)
            if parsed["type"] == "stats":
                return parsed
    raise AssertionError("no statistics within 20 s")


def pictures(client: ClientConnection, count: int) -> Counter[str]:
    """Read until every live camera has sent ``count`` pictures; each is decoded."""
    seen: Counter[str] = Counter()
    while min(seen["cam-1"], seen["cam-2"]) < count:
        message = client.recv(timeout=60)
        if isinstance(message, bytes):
            seen[message[1 : 1 + message[0]].decode()] += 1
            jpeg = np.frombuffer(message, np.uint8, offset=1 + message[0])
            assert cv2.imdecode(jpeg, cv2.IMREAD_COLOR).shape == (720, 1280, 3)
    return seen


def test_pictures_and_statistics_of_all_cameras_come(playground: Playground) -> None:
    with playground.connect() as client:
        assert set(pictures(client, 5)) == {"cam-1", "cam-2"}
        cameras = wait_for(
            lambda: (cameras := statistics(client)["cameras"])["cam-1"]["state"] == "live" and cameras, "live"
        )
        assert {camera: of_camera["state"] for camera, of_camera in cameras.items()} == {
            "cam-1": "live",
            "cam-2": "live",
            "lost": "retrying",
            "off": "disabled",
        }
        assert cameras["lost"]["reason"] == "connection refused"
        assert 0 <= cameras["lost"]["retry_in_s"] <= 3.2
        assert "socket" in cameras["cam-1"]["latency_ms"]
    assert httpx.get(playground.address + "readyz", timeout=60).json() == {"status": "ready"}
    assert httpx.get(playground.address, timeout=60).headers["content-type"].startswith("text/html")


def test_clearing_reaches_the_worker_and_back(playground: Playground) -> None:
    with playground.connect() as client:

        def sent() -> int:
            count = statistics(client)["cameras"]["cam-1"]["frames"]["out"]
            assert isinstance(count, int)
            return count

        before = wait_for(lambda: (count := sent()) > 60 and count, "counts grow")
        client.send('{"type": "clear_stats"}')
        wait_for(lambda: sent() < before, "counts begin anew")


def test_a_killed_worker_is_back_and_clients_stay(playground: Playground) -> None:
    with playground.connect() as client:
        pictures(client, 3)
        connected = statistics(client)["connections"]
        [worker] = playground.workers()
        worker.kill()
        wait_for(lambda: statistics(client)["processes"]["cpu"]["restarts"] >= 1, "the restart is told")
        pictures(client, 3)
        [successor] = playground.workers()
        assert successor.pid != worker.pid
        assert statistics(client)["connections"] == connected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_and_leaves_nothing(
    own_playground: Playground, number: signal.Signals
) -> None:
    with own_playground.connect() as client:
        pictures(client, 1)
        workers = own_playground.workers()
        assert len(workers) == 1
        [link] = own_playground.folder.glob("camwire-*")
        assert own_playground.stop(number) == 0
        for _ in client:  # reads on until the end
            pass
        assert client.close_code == 1001
    assert not any(worker.is_running() for worker in workers)
    assert not link.exists()
    assert "rror" not in own_playground.log.read_text()


def test_a_second_signal_does_not_wait(own_playground: Playground) -> None:
    with own_playground.connect() as client:
        pictures(client, 1)
        workers = own_playground.workers()
        for worker in workers:
            worker.suspend()  # it won't stop by itself
        own_playground.process.send_signal(signal.SIGINT)
        wait_for(lambda: "server stops" in own_playground.log.read_text(), "the first is heeded")
        own_playground.process.send_signal(signal.SIGINT)
        assert own_playground.process.wait(10) == 130
    wait_for(lambda: not any(is_alive(worker) for worker in workers), "the worker is gone")
    assert not list(own_playground.folder.glob("camwire-*"))


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_port_in_use_is_one_line_and_status_1(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status = serve(config("a", port=port), on_ready=lambda address: pytest.fail("it is not ready"))
    assert status == 1
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is in use" in captured.err


def test_the_worker_is_started_without_any_secret() -> None:
    command = worker_command("cpu", Endpoints(Path("/run/x")), log_level="debug", log_json=True)
    assert command == [
        *(sys.executable, "-m", "camwire", "worker", "--name", "cpu", "--device", "cpu"),
        *("--link", "/run/x", "--parent", str(os.getpid()), "--log-level", "debug", "--log-json"),
    ]


def test_a_part_that_fails_ends_the_server_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """And takes the worker with it."""

    async def broken(self: object) -> None:
        await started.wait()
        raise RuntimeError("reporting broke")

    monkeypatch.setattr("camwire.server.reporter.Reporter.run", broken)

    async def run() -> None:
        with private_endpoints() as endpoints, ServerEnd(endpoints) as link:
            server = Server(MemoryDocument(config("a")), link, {"cpu": ["sleep", "1000"]})
            with listen(ServerConfig(port=0)) as listener:
                running = asyncio.create_task(server.run(listener, lambda _: None))
                await until(lambda: server.supervisors["cpu"].state.pid, "the worker is started")
                pid = server.supervisors["cpu"].state.pid
                started.set()
                with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="reporting broke")):
                    await asyncio.wait_for(running, 30)
                assert pid is not None
                assert not psutil.pid_exists(pid)

    started = asyncio.Event()
    asyncio.run(run())
