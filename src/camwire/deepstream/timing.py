"""When each batch passed each of DeepStream's elements."""

from __future__ import annotations

import threading
from collections import OrderedDict

UNDER_WAY = 64
"""Batches remembered: more than the queues hold."""


class BatchTimes:
    """By the batches' timestamps. Any thread may call anything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: OrderedDict[int, dict[str, float]] = OrderedDict()

    def passed(self, mark: str, pts: int, now: float) -> None:
        with self._lock:
            self._times.setdefault(pts, {})[mark] = now
            while len(self._times) > UNDER_WAY:
                self._times.popitem(last=False)

    def take(self, pts: int) -> dict[str, float]:
        """What is known of a batch, by mark; it is forgotten then."""
        with self._lock:
            return self._times.pop(pts, {})
