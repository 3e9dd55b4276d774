"""Things a second."""

from __future__ import annotations

from camwire.monitoring.sliding import SlidingCounts

SHORTEST_SPAN = 1.0
"""Seconds; a rate over less would say more about chance."""


class Rate:
    """Things a second over the last ``window`` seconds, or since the first one where that is shorter."""

    def __init__(self, window: float, slices: int = 20) -> None:
        self._counts = SlidingCounts(window, slices, width=1)
        self._first: float | None = None

    def add(self, now: float, count: int = 1) -> None:
        if self._first is None:
            self._first = now
        row = self._counts.row(now)
        if row is not None:
            row[0] += count

    def per_second(self, now: float) -> float:
        if self._first is None:
            return 0.0
        begun = max(self._first, self._counts.start(now))
        return int(self._counts.total(now)[0]) / max(SHORTEST_SPAN, now - begun)
