"""Things a second."""

from __future__ import annotations

from math import floor

from camwire.monitoring.sliding import SlidingCounts

SHORTEST_SPAN = 1.0
"""Seconds; a rate over less would say more about chance."""


class Rate:
    """Things a second over the last ``window`` seconds, or since the first one where that is shorter."""

    def __init__(self, window: float, slices: int = 20) -> None:
        self._counts = SlidingCounts(window, slices, width=1)
        self._slice = window / slices
        self._first: float | None = None
        self._begin = self._end = 0.0
        """The slice of time in which ``_lately`` things were added; they are counted when it is over."""
        self._lately = 0

    def add(self, now: float, count: int = 1) -> None:
        if not self._begin <= now < self._end:
            self._count()
            self._begin = floor(now / self._slice) * self._slice
            self._end = self._begin + self._slice
            if self._first is None:
                self._first = now
        self._lately += count

    def per_second(self, now: float) -> float:
        if self._first is None:
            return 0.0
        self._count()
        begun = max(self._first, self._counts.start(now))
        return int(self._counts.total(now)[0]) / max(SHORTEST_SPAN, now - begun)

    def _count(self) -> None:
        if self._lately:
            # Halfway through, since the edges are rounded.
            row = self._counts.row(self._begin + self._slice / 2)
            if row is not None:
                row[0] += self._lately
            self._lately = 0
