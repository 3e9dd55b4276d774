"""Counts over the last seconds, in memory that never grows."""

from __future__ import annotations

from math import floor

import numpy as np

from camwire.frames import Int64Array

LONG_AGO = -(1 << 62)
"""A slice before any that a clock can name."""


class SlidingCounts:
    """Rows of counters, each for a slice of time; a new slice takes the oldest one's row.

    The window reaches back between ``window - window / slices`` and ``window`` seconds. Times are seconds on
    any one axis; a little disorder, as between threads, is counted where it belongs.
    """

    def __init__(self, window: float, slices: int, width: int) -> None:
        self._slice = window / slices
        self._rows = np.zeros((slices, width), np.int64)
        self._newest = LONG_AGO

    def row(self, now: float) -> Int64Array | None:
        """The counters for ``now``, to be added to; None when that is too long ago."""
        number = floor(now / self._slice)
        self._advance(number)
        if number <= self._newest - len(self._rows):
            return None
        row: Int64Array = self._rows[number % len(self._rows)]
        return row

    def total(self, now: float) -> Int64Array:
        """[width] sums over the window that ends at ``now``."""
        self._advance(floor(now / self._slice))
        total: Int64Array = self._rows.sum(axis=0)
        return total

    def start(self, now: float) -> float:
        """When the window that ends at ``now`` began."""
        return (floor(now / self._slice) - len(self._rows) + 1) * self._slice

    def _advance(self, number: int) -> None:
        slices = len(self._rows)
        for passed in range(max(self._newest + 1, number - slices + 1), number + 1):
            self._rows[passed % slices] = 0
        self._newest = max(self._newest, number)
