"""Processes that do a part of another one's work: how they are started, heard, and what they log comes back.

Such a child ends when the socket closes that it was given, so it outlives nobody, whatever ends its parent;
what else it is told and tells is its own affair (`tracking/apart/`, `sources/apart/`, `server/mps/`).
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import msgspec
import structlog

from camwire.cores import ALLOWED

_TIMEVAL = struct.Struct("@ll")
"""Seconds and microseconds."""


class Remark(msgspec.Struct, frozen=True, array_like=True):
    """A line for the log, which the worker writes: it knows how and where to, and what is secret."""

    level: str
    event: str
    values: dict[str, Any]

    def log(self, log: Any) -> None:
        """``log``: a structlog logger."""
        getattr(log, self.level)(self.event, **self.values)


def log_to(note: Callable[[Remark], None]) -> None:
    """From now on what is logged in this process goes to ``note``, and nowhere else."""

    def noted(_logger: Any, level: str, values: MutableMapping[str, Any]) -> str:
        note(Remark(level, str(values.pop("event", "")), dict(values)))
        raise structlog.DropEvent

    structlog.configure(processors=[noted])


def start_child(module: str, *arguments: str, descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Run a module in a process that has the ``descriptors``, under the same numbers. Raises OSError."""
    with _signals_to_stop_held_back(), _any_core():
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=2,  # ours may be read by programs
            pass_fds=descriptors,
        )


def named(name: str) -> Callable[..., Any]:
    """What is called `module:name`: how a child is told what to work with."""
    module, _, what = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), what)
    return found


def receive_within(connection: socket.socket, seconds: float, most: int) -> bytes:
    """``most`` bytes at most; none when the other end is closed. Raises TimeoutError.

    Unlike ``settimeout``, which waits and receives in two calls, this gives the interpreter's lock up once.
    """
    whole = int(seconds)
    patience = _TIMEVAL.pack(whole, int((seconds - whole) * 1e6))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
    try:
        return connection.recv(most)
    except BlockingIOError:
        raise TimeoutError from None
    except ConnectionError:
        return b""


def give_up_sending_after(connection: socket.socket, seconds: int) -> None:
    """From now on what can't be sent within that time raises OSError."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL.pack(seconds, 0))


@contextmanager
def _any_core() -> Iterator[None]:
    """A child that is started in here may use all cores that the worker may, whichever share of them the
    calling thread keeps to."""
    before = os.sched_getaffinity(0)
    with suppress(OSError):  # where nobody may choose
        os.sched_setaffinity(0, ALLOWED)
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, before)


@contextmanager
def _signals_to_stop_held_back() -> Iterator[None]:
    """A child that is started in here never gets the signals with which a whole group or a service is told
    to stop: it inherits the thread's mask. The worker decides when it ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
