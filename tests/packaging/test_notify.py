"""What systemd is told, on a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from camwire.config.secrets import SECRETS
from camwire.server.notify import LONGEST_STATUS, ServiceManager
from tests.support.product import START_TIMEOUT, STOP_TIMEOUT, as_client, camwire, until, write_config
from tests.support.waiting import wait_for


class Systemd:
    """The socket that a service manager listens on."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.setblocking(False)
        self.heard: list[str] = []

    def lines(self) -> list[str]:
        """Everything heard so far."""
        with suppress(BlockingIOError):
            while True:
                self.heard += self.socket.recv(4096).decode().splitlines()
        return self.heard

    def wait_for(self, line: str, timeout: float = 30.0) -> None:
        wait_for(lambda: line in self.lines(), f"{line!r} to be told", timeout)


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    path = str(tmp_path / "notify")
    manager = Systemd(path if request.param == "path" else f"@camwire-test-{os.getpid()}")
    yield manager
    manager.socket.close()


@pytest.fixture
def told(systemd: Systemd) -> Iterator[ServiceManager]:
    manager = ServiceManager(systemd.address, watchdog=0.02)
    yield manager
    manager.close()


def follow(manager: ServiceManager, healthy: list[bool]) -> None:
    """Run ``follow`` for as many looks as there are answers."""

    async def run() -> None:
        done = asyncio.Event()

        def look() -> bool:
            if len(healthy) == 1:
                done.set()
            return healthy.pop(0) if len(healthy) > 1 else healthy[0]

        task = asyncio.create_task(manager.follow(look, lambda: "2 of 3 cameras live"))
        await asyncio.wait_for(done.wait(), 30)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_start_life_and_end_are_told_in_systemds_words(systemd: Systemd, told: ServiceManager) -> None:
    told.ready()
    assert systemd.lines() == ["READY=1"]
    follow(told, [True, True, True])
    assert systemd.lines()[1:4] == ["WATCHDOG=1", "STATUS=2 of 3 cameras live", "WATCHDOG=1"]
    told.stopping()
    assert systemd.lines()[-2:] == ["STOPPING=1", "STATUS=stopping"]


def test_one_that_is_not_well_does_not_say_that_it_is(systemd: Systemd, told: ServiceManager) -> None:
    with capture_logs() as logs:
        follow(told, [False, False, False])
    assert "WATCHDOG=1" not in systemd.lines()
    assert [entry["log_level"] for entry in logs][:2] == ["error", "error"]


def test_a_status_is_one_bounded_line_without_secrets(systemd: Systemd, told: ServiceManager) -> None:
    SECRETS.add("swordfish#9")
    told.status("worker cpu:\nswordfish#9 " + "x" * 1000)
    told.status("worker cpu:\nswordfish#9 " + "x" * 1000)
    [line] = systemd.lines()
    assert line.startswith("STATUS=worker cpu: *** x")
    assert len(line) == len("STATUS=") + LONGEST_STATUS


def test_a_manager_that_reads_nothing_is_not_waited_for_and_hears_it_later(
    systemd: Systemd, told: ServiceManager
) -> None:
    while told._tell("STATUS=filling"):
        pass
    told.ready()  # nothing is taken; nothing raises
    systemd.lines()
    follow(told, [True, True])
    assert "READY=1" in systemd.lines()


def test_a_manager_that_is_gone_is_said_once(tmp_path: Path) -> None:
    manager = ServiceManager(str(tmp_path / "nobody"))
    with capture_logs() as logs:
        manager.ready()
        manager.stopping()
    manager.close()
    assert [entry["event"] for entry in logs] == ["the service manager can't be told anything"]


@pytest.mark.parametrize(
    ("environment", "watchdog"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_environment_says_who_and_how_often(environment: dict[str, str], watchdog: float | None) -> None:
    environment |= {"NOTIFY_SOCKET": "/run/x", "PATH": "/bin"}
    manager = ServiceManager.of_environment(environment)
    assert manager.watchdog == watchdog
    assert environment == {"PATH": "/bin"}, "a child process must not speak for the server"
    manager.close()


@pytest.mark.parametrize("address", [None, "", "relative/path", "vsock:2:1"])
def test_without_a_manager_nothing_is_told(address: str | None) -> None:
    manager = ServiceManager.of_environment({} if address is None else {"NOTIFY_SOCKET": address})
    manager.ready()
    manager.status("x")
    asyncio.run(asyncio.wait_for(manager.follow(lambda: True, lambda: ""), 5))
    manager.stopping()
    manager.close()


@pytest.mark.e2e
def test_the_whole_product_under_a_service_manager(tmp_path: Path) -> None:
    """Ready, alive, cameras live, and the end; its worker can say nothing in its name."""
    from tests.support.clips import make_clip

    systemd = Systemd(str(tmp_path / "notify"))
    make_clip(tmp_path / "a.mp4", width=160, height=128)
    config = write_config(tmp_path, [{"id": "a", "url": "a.mp4"}])
    environment = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "400000"}
    with camwire("run", str(config), environment=environment) as product:
        systemd.wait_for("READY=1", START_TIMEOUT)
        assert product.url
        systemd.wait_for("WATCHDOG=1")
        systemd.wait_for("STATUS=1 of 1 cameras live", START_TIMEOUT)
        assert "NOTIFY_SOCKET" not in product.worker().environ()

        async def watch(socket, seen):
            await until(socket, seen, lambda: len(seen.pictures["a"]) >= 5, "pictures")

        as_client(product, watch)
        systemd.heard.clear()
        systemd.wait_for("WATCHDOG=1")
        product.process.send_signal(signal.SIGTERM)
        assert product.process.wait(STOP_TIMEOUT) == 0
        assert "STOPPING=1" in systemd.lines()
    systemd.socket.close()
