"""End a blocked FFmpeg call of a thread: at once, from another thread, or when its patience is over.

FFmpeg asks a callback every 100 ms or so whether to give up. PyAV's callback says yes when its timeout is
over; the timeout is fixed when the container is opened, and closing the container from another thread
crashes. But the callback reads the clock as ``time.monotonic()`` of its own module, on the blocked thread:
with a clock that leaps for threads that are to give up, PyAV's timeout is over at once. Were a PyAV to read
the clock otherwise, its timeouts would still end the call, only later; a test holds that it works with the
PyAV that is locked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from threading import get_ident

import av.container.core

LEAP = 1e6
"""Seconds; more than any timeout. Each reading of a leaping clock is a leap further, so that a call that
begins then ends, too."""


class _LeapingClock:
    """Stands in for the module ``time`` in PyAV's container module."""

    def __init__(self) -> None:
        self.interrupted: set[int] = set()
        self.deadlines: dict[int, float] = {}
        self._leaps = 0

    def monotonic(self) -> float:
        now, thread = time.monotonic(), get_ident()
        if thread in self.interrupted or now > self.deadlines.get(thread, inf):
            self._leaps += 1
            return now + self._leaps * LEAP
        return now


_clock = _LeapingClock()
av.container.core.time = _clock  # type: ignore[attr-defined]


def interrupt(thread: int) -> None:
    """Make every FFmpeg call of the thread with this identity end now and from now on."""
    _clock.interrupted.add(thread)


def interrupted() -> bool:
    """Whether this thread's FFmpeg calls end now: what one of them returned then may be cut short."""
    return get_ident() in _clock.interrupted


def forget(thread: int) -> None:
    """The thread ends: its identity may come back for another."""
    _clock.interrupted.discard(thread)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Give this thread's FFmpeg calls ``seconds`` in all; then they end as if timed out."""
    thread = get_ident()
    _clock.deadlines[thread] = time.monotonic() + seconds
    try:
        yield
    finally:
        del _clock.deadlines[thread]
