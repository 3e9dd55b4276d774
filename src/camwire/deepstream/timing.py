"""When each batch passed each of DeepStream's elements, and how many pass a second."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from camwire.monitoring.rates import Rate

UNDER_WAY = 64
"""Batches remembered: more than the queues hold."""
RATE_WINDOW = 5.0
"""Seconds."""


class BatchTimes:
    """By the batches' timestamps. Any thread may call anything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: OrderedDict[int, dict[str, float]] = OrderedDict()
        self._rates: dict[str, Rate] = {}

    def passed(self, mark: str, pts: int, now: float) -> None:
        with self._lock:
            self._times.setdefault(pts, {})[mark] = now
            self._rates.setdefault(mark, Rate(RATE_WINDOW)).add(now)
            while len(self._times) > UNDER_WAY:
                self._times.popitem(last=False)

    def take(self, pts: int) -> dict[str, float]:
        """What is known of a batch, by mark; it is forgotten then."""
        with self._lock:
            return self._times.pop(pts, {})

    def rates(self, now: float) -> Mapping[str, float]:
        """Batches a second that pass each mark."""
        with self._lock:
            return {mark: rate.per_second(now) for mark, rate in self._rates.items()}
