"""End a blocked FFmpeg call of another thread at once.

FFmpeg asks a callback every 100 ms or so whether to give up. PyAV's callback says yes when its timeout is
over, and has no other way in; closing the container from another thread crashes. But the callback reads the
clock as ``time.monotonic()`` of its own module, on the blocked thread: with a clock that leaps for threads
that are to end, PyAV's timeout is over at once. Were a PyAV to read the clock otherwise, the timeouts would
still end the call, only later; a test holds that it works with the PyAV that is locked.
"""

from __future__ import annotations

import time
from math import inf
from threading import get_ident

import av.container.core


class _LeapingClock:
    """Stands in for the module ``time`` in PyAV's container module."""

    def __init__(self) -> None:
        self.leaping: set[int] = set()

    def monotonic(self) -> float:
        return inf if get_ident() in self.leaping else time.monotonic()


_clock = _LeapingClock()
av.container.core.time = _clock  # type: ignore[attr-defined]


def interrupt(thread: int) -> None:
    """Make every FFmpeg call of the thread with this identity end now and from now on."""
    _clock.leaping.add(thread)


def forget(thread: int) -> None:
    """The thread ends: its identity may come back for another."""
    _clock.leaping.discard(thread)
