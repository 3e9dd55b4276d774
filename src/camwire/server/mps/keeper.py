"""A process that runs NVIDIA's MPS daemon, and ends it and all that it started when the server is gone.

    python -m camwire.server.mps.keeper DESCRIPTOR PROGRAM FOLDER SECONDS

``DESCRIPTOR`` is a socket to the server. Over it goes `ready` once the daemon listens, and why the daemon
ended or didn't listen within ``SECONDS``. That it closes says that the server is done with it, or gone,
whatever ended it.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from camwire.exit_status import describe_exit
from camwire.server.mps.program import MpsError, daemon_environment, runs, tell

READY = b"ready"
QUITTING = 1.0
"""Seconds that it has to end by itself. Its clients are gone by then: there is nothing that it waits for."""
LOOK_EVERY = 0.02
OUTPUT = "output"
"""What the daemon prints, in its folder."""
LONGEST_LINE = 500

_SET_PARENT_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36  # of linux/prctl.h


def keep(server: socket.socket, program: str, directory: Path, patience: float) -> None:
    """Run the daemon until it ends or the socket closes."""
    _prctl(_SET_CHILD_SUBREAPER, 1)  # so that all that the daemon started is found when it is gone
    try:
        said = _run(server, program, directory, patience)
        if said is not None:
            server.send(said.encode(errors="replace"))
    except ConnectionError:
        pass  # the server has just gone
    finally:
        _kill_children()


def _run(server: socket.socket, program: str, directory: Path, patience: float) -> str | None:
    """Returns why the daemon ended or didn't listen; None when the server wanted it no longer."""
    try:
        daemon = _start(program, directory)
    except OSError as error:
        return f"{program} could not be started: {error.strerror}"
    said = _stay(server, daemon, directory, patience)
    if said is None:
        with suppress(MpsError, subprocess.TimeoutExpired):
            tell(program, directory, "quit", QUITTING)
            daemon.wait(QUITTING)
    return said


def _start(program: str, directory: Path) -> subprocess.Popen[bytes]:
    keeper = os.getpid()

    def alone() -> None:
        """Nobody's signals but ours, which come with our end at the latest."""
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)

    with (directory / OUTPUT).open("wb") as output:
        return subprocess.Popen(
            [program, "-f"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=alone,  # there is no other thread here
            env=daemon_environment(os.environ, directory),
        )


def _stay(
    server: socket.socket, daemon: subprocess.Popen[bytes], directory: Path, patience: float
) -> str | None:
    """As ``_run``."""
    ended = os.pidfd_open(daemon.pid)
    deadline = time.monotonic() + patience
    ready = False
    while True:
        if not ready and runs(directory):
            ready = True
            server.send(READY)
        able, _, _ = select.select([server.fileno(), ended], [], [], None if ready else LOOK_EVERY)
        if server.fileno() in able:
            return None
        if able:
            return _in_words(describe_exit(daemon.wait()), directory)
        if not ready and time.monotonic() > deadline:
            return _in_words(f"it took no connections for {patience:g} s", directory)


def _in_words(reason: str, directory: Path) -> str:
    """With the last line that the daemon printed."""
    try:
        lines = (directory / OUTPUT).read_text(errors="replace").strip().splitlines()
    except OSError:
        return reason
    return f"{reason}: {lines[-1][:LONGEST_LINE]}" if lines else reason


def _kill_children() -> None:
    """All of them; those whose parents have ended are ours."""
    while True:
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        try:
            os.wait()
        except ChildProcessError:
            return


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value)


if __name__ == "__main__":
    descriptor, own_program, folder, seconds = sys.argv[1:]
    keep(socket.socket(fileno=int(descriptor)), own_program, Path(folder), float(seconds))
