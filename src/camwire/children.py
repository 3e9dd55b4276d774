"""Processes that do a part of a worker's work: how they are started, and how what they log comes back.

Such a child ends when the socket closes that it was given, so it outlives nobody, whatever ends its worker;
what else it is told and tells is its own affair (`tracking/apart/`, `sources/apart/`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import structlog

from camwire.cores import ALLOWED


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
