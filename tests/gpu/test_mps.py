"""NVIDIA's own MPS program does what its stand-in (tests/support/mps_program.py) does in other tests."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from camwire.config.camera import CameraConfig
from camwire.config.detection import ModelConfig
from camwire.config.root import Config
from camwire.config.secrets import SecretUrl
from camwire.server.devices import CARD, Devices, Found, look_for_gpus
from camwire.server.mps.daemon import Daemon
from camwire.server.mps.program import (
    NOWHERE,
    PROGRAM,
    SHARED_BY,
    MpsError,
    find_program,
    runs,
    tell,
    usual_directory,
)
from camwire.server.mps.sharing import shared
from tests.support.mps_program import PID_FILE
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

START = 30.0
"""Seconds; the driver may be busy."""


@pytest.fixture(scope="module")
def program() -> str:
    if not CARD.exists():
        pytest.skip("no MPS tests: there is no NVIDIA GPU with a driver in this machine")
    if runs(usual_directory(os.environ)):
        pytest.skip("no MPS tests: a daemon runs already, and camwire would use that one")
    found = find_program()
    if found is None:
        pytest.skip(f"no MPS tests: {PROGRAM} is not installed")
    return found


@pytest.fixture
def directory() -> Iterator[Path]:
    with TemporaryDirectory(prefix="camwire-test-", dir="/tmp") as folder:
        yield Path(folder) / "mps"


@pytest.fixture(scope="module")
def gpus(program: str) -> tuple[str, ...]:
    """Those that work without MPS."""
    found = look({})
    if not found.gpus:
        pytest.skip(f"no MPS tests: {found.obstacle}")
    return found.gpus


def look(environment: Mapping[str, str]) -> Found:
    return look_for_gpus(ModelConfig(), environment)


def servers(program: str, directory: Path) -> list[int]:
    return [int(pid) for pid in tell(program, directory, "get_server_list", 30).split()]


def family(daemon: Daemon) -> list[psutil.Process]:
    """The keeper, the daemon and what that has started."""
    keeper = psutil.Process(daemon._keeper.pid)
    return [keeper, *keeper.children(recursive=True)]


def gone(found: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != "zombie" for process in found)


def test_it_listens_in_its_folder_and_quits_when_it_is_asked_to(program: str, directory: Path) -> None:
    daemon = Daemon(program, directory, START)
    try:
        assert runs(directory)
        assert servers(program, directory) == []
        found = family(daemon)
        assert int((directory / PID_FILE).read_text()) in [process.pid for process in found]
        tell(program, directory, "quit", 30)  # what the keeper does at the end
        assert asyncio.run(asyncio.wait_for(daemon.ended(), 60)).startswith("it ended with status 0")
    finally:
        daemon.end()
    assert gone(found)
    assert not runs(directory)


def test_cuda_programs_share_through_it(program: str, directory: Path, gpus: tuple[str, ...]) -> None:
    daemon = Daemon(program, directory, START)
    try:
        assert look({SHARED_BY: str(directory)}).gpus == gpus
        [server] = servers(program, directory)
        found = family(daemon)
        assert server in [process.pid for process in found], "so that it is ended along with the daemon"
    finally:
        daemon.end()
    assert gone(found)


@pytest.mark.parametrize("how", ["nowhere", "a folder whose daemon was killed"])
def test_cuda_programs_do_without_it(program: str, directory: Path, gpus: tuple[str, ...], how: str) -> None:
    daemon = Daemon(program, directory, START)
    try:
        if how == "nowhere":
            assert look({SHARED_BY: NOWHERE}).gpus == gpus
            assert servers(program, directory) == []
        else:
            os.kill(int((directory / PID_FILE).read_text()), signal.SIGKILL)
            asyncio.run(asyncio.wait_for(daemon.ended(), 60))
            assert not runs(directory)
            assert look({SHARED_BY: str(directory)}).gpus == gpus
    finally:
        daemon.end()


def test_without_a_daemon_nothing_can_be_told(program: str, directory: Path) -> None:
    directory.mkdir()
    with pytest.raises(MpsError, match="the daemon didn't take 'get_server_list'"):
        servers(program, directory)


def test_when_it_is_killed_what_it_started_is_ended_and_another_can_start(
    program: str, directory: Path, gpus: tuple[str, ...]
) -> None:
    daemon = Daemon(program, directory, START)
    try:
        assert look({SHARED_BY: str(directory)}).gpus == gpus
        found = family(daemon)
        os.kill(int((directory / PID_FILE).read_text()), signal.SIGKILL)
        assert "SIGKILL" in asyncio.run(asyncio.wait_for(daemon.ended(), 60))
    finally:
        daemon.end()
    assert gone(found)
    again = Daemon(program, directory, START)
    try:
        assert look({SHARED_BY: str(directory)}).gpus == gpus
    finally:
        again.end()


def test_it_ends_with_a_server_that_is_killed(program: str, directory: Path, gpus: tuple[str, ...]) -> None:
    text = (
        "import sys, time; from pathlib import Path; from camwire.server.mps.daemon import Daemon; "
        "daemon = Daemon(sys.argv[1], Path(sys.argv[2])); time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", text, program, str(directory)]) as server:
        try:
            wait_for(lambda: runs(directory), "it listens", timeout=60)
            assert look({SHARED_BY: str(directory)}).gpus == gpus
            found = psutil.Process(server.pid).children(recursive=True)
            assert len(found) >= 3
        finally:
            server.kill()
    wait_for(lambda: gone(found), "all have ended")


def test_camwire_finds_that_it_works_here(directory: Path, gpus: tuple[str, ...]) -> None:
    directory.mkdir()
    config = Config(cameras=(CameraConfig(id="a", url=SecretUrl("a.mp4")),), mps="on")
    look_again = partial(look_for_gpus, config.model)
    with shared(config, Devices(gpus, ""), directory, look_again) as sharing:
        assert sharing.by_mps
        assert sharing.launch(["true"], 0).environment == {SHARED_BY: str(directory / "mps")}
    assert not runs(directory / "mps")
