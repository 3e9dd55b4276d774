"""What each lane's thread has of its own on the GPU."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Own = TypeVar("Own")

HIGH_PRIORITY = -5
"""Drawing and encoding are short and wait for nobody: they go before the next batch's inference."""


class PerThread(Generic[Own]):
    """Makes a thread's own things when it first asks, with the right GPU as its current one."""

    def __init__(self, index: int, make: Callable[[], Own]) -> None:
        self._index = index
        self._make = make
        self._threads = threading.local()

    def get(self) -> Own:
        own: Own | None = getattr(self._threads, "own", None)
        if own is None:
            import cupy

            cupy.cuda.Device(self._index).use()
            own = self._threads.own = self._make()
        return own


def high_priority_stream() -> Any:
    """A ``cupy.cuda.Stream`` that neither waits for the default stream nor is waited for."""
    import cupy

    return cupy.cuda.Stream(non_blocking=True, priority=HIGH_PRIORITY)


def after_decoding(stream: Any) -> None:
    """Let ``stream`` wait for the pictures that decoders have handed out.

    FFmpeg copies a decoded picture to its place on the default stream and does not wait for that.
    """
    import cupy

    event = cupy.cuda.Event(disable_timing=True)
    event.record(cupy.cuda.Stream.null)
    stream.wait_event(event)
