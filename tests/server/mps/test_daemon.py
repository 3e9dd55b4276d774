"""NVIDIA's daemon, run by its keeper: real processes of a stand-in that come up, don't, end, are killed."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from camwire.server.mps.daemon import Daemon
from camwire.server.mps.program import MpsError, runs, tell
from tests.support import mps_program
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration


def processes(daemon: Daemon, directory: Path) -> list[psutil.Process]:
    """The keeper, the daemon and what that has started."""
    keeper = psutil.Process(daemon._keeper.pid)
    found = [keeper, *keeper.children(recursive=True)]
    assert pid_of(directory) in [process.pid for process in found]
    return found


def pid_of(directory: Path) -> int:
    path = directory / mps_program.PID_FILE
    return int(wait_for(lambda: path.exists() and path.read_text(), "the daemon says its process id"))


def gone(found: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != "zombie" for process in found)


def test_it_listens_when_it_is_there_and_is_asked_to_quit(place: Path) -> None:
    program, directory = mps_program.install(place), place / "mps"
    daemon = Daemon(program, directory)
    try:
        assert runs(directory)
        assert directory.stat().st_mode & 0o777 == 0o700
        assert tell(program, directory, "get_server_list", 30) == ""
        mps_program.use_gpu(directory)
        server = int(tell(program, directory, "get_server_list", 30))
        found = processes(daemon, directory)
        assert server in [process.pid for process in found]
    finally:
        daemon.end()
    assert gone(found)
    assert not runs(directory)
    assert (place / "quit").exists()


def test_one_that_does_not_quit_is_killed_with_all_that_it_started(place: Path) -> None:
    program, directory = mps_program.install(place, "stubborn"), place / "mps"
    daemon = Daemon(program, directory)
    try:
        mps_program.use_gpu(directory)
        found = processes(daemon, directory)
        assert len(found) == 3
    finally:
        daemon.end()
    assert gone(found)
    assert not (place / "quit").exists()


def test_one_that_ends_at_once_says_why(place: Path) -> None:
    program = mps_program.install(place, "refuses")
    with pytest.raises(MpsError, match=r"^it ended with status 1: the GPU's compute mode forbids it$"):
        Daemon(program, place / "mps")


def test_one_that_never_listens_is_not_waited_for(place: Path) -> None:
    program = mps_program.install(place, "silent")
    with pytest.raises(MpsError, match=r"took no connections for 0\.5 s: Starting control daemon"):
        Daemon(program, place / "mps", patience=0.5)
    assert not any(str(place) in " ".join(process.cmdline()) for process in psutil.Process().children(True))


def test_a_program_that_is_not_there_says_so(place: Path) -> None:
    with pytest.raises(MpsError, match="/no/such/program could not be started: No such file or directory"):
        Daemon("/no/such/program", place / "mps")


def test_a_folder_that_cannot_be_made_says_so(place: Path) -> None:
    with pytest.raises(MpsError, match="No such file or directory"):
        Daemon(mps_program.install(place), place / "no" / "mps")
    with pytest.raises(MpsError, match="too long"):
        Daemon(mps_program.install(place), place / ("x" * 80))


def test_a_killed_one_is_noticed_and_what_it_started_is_ended(place: Path) -> None:
    directory = place / "mps"
    daemon = Daemon(mps_program.install(place), directory)
    try:
        mps_program.use_gpu(directory)
        found = processes(daemon, directory)
        os.kill(pid_of(directory), signal.SIGKILL)
        reason = asyncio.run(asyncio.wait_for(daemon.ended(), 60))
    finally:
        daemon.end()
    assert reason == "it was killed by SIGKILL: Starting control daemon"
    assert gone(found)
    successor = Daemon(mps_program.install(place), directory)  # in the same folder
    successor.end()


def test_it_does_not_outlive_its_keeper(place: Path) -> None:
    directory = place / "mps"
    daemon = Daemon(mps_program.install(place), directory)
    try:
        found = processes(daemon, directory)
        daemon._keeper.kill()
        reason = asyncio.run(asyncio.wait_for(daemon.ended(), 60))
        assert reason == "the process that ran it was killed"
    finally:
        daemon.end()
    wait_for(lambda: gone(found), "the daemon ends with its keeper")


def test_it_ends_with_a_server_that_is_killed(place: Path) -> None:
    program, directory = mps_program.install(place), place / "mps"
    text = (
        "import sys, time; from pathlib import Path; from camwire.server.mps.daemon import Daemon; "
        "daemon = Daemon(sys.argv[1], Path(sys.argv[2])); time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", text, program, str(directory)]) as server:
        try:
            wait_for(lambda: runs(directory), "it listens", timeout=60)
            mps_program.use_gpu(directory)
            found = psutil.Process(server.pid).children(recursive=True)
            assert len(found) == 3
        finally:
            server.kill()
    wait_for(lambda: gone(found), "all have ended")
    assert (place / "quit").exists(), "it was asked to, even so"


def test_signals_that_are_for_the_server_do_not_reach_it(place: Path) -> None:
    """A terminal's Ctrl-C and a service's stop go to all its processes; the server decides when this ends."""
    directory = place / "mps"
    daemon = Daemon(mps_program.install(place), directory)
    try:
        keeper = daemon._keeper
        for number in (signal.SIGINT, signal.SIGTERM):
            keeper.send_signal(number)
        assert os.getpgid(pid_of(directory)) == pid_of(directory)
        mps_program.use_gpu(directory)
        assert keeper.poll() is None
    finally:
        daemon.end()
