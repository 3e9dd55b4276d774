"""Latencies as counts in fixed buckets: cheap to add to, to merge and to export."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from camwire.frames import Float64Array, Int64Array
from camwire.monitoring.sliding import SlidingCounts

BUCKETS_PER_DECADE = 24
SHORTEST_MS = 0.1
LONGEST_MS = 60_000.0

BOUNDS_MS: Float64Array = np.geomspace(
    SHORTEST_MS, LONGEST_MS, round(BUCKETS_PER_DECADE * np.log10(LONGEST_MS / SHORTEST_MS)) + 1
)
"""Upper bounds of the buckets, inclusive as Prometheus has them, each 10 % above the last; one more bucket
takes whatever is longer."""
BOUNDS_MS.flags.writeable = False

_BOUNDS: list[float] = BOUNDS_MS.tolist()
_BUCKETS = len(_BOUNDS) + 1


def bucket_of(milliseconds: float) -> int:
    """The bucket that counts a value; negative ones are in the first."""
    return bisect_left(_BOUNDS, milliseconds)


def quantiles_of(counts: Int64Array, ranks: Sequence[float]) -> tuple[float, ...]:
    """The values in milliseconds up to which the shares ``ranks`` (above 0, to 1) lie; NaN of nothing.

    A value is somewhere in its bucket; it is taken to be where a straight line through the bucket puts it.
    What is beyond the last bound is given as that bound.
    """
    cumulated = np.concatenate(((0,), np.cumsum(counts)))
    if cumulated[-1] == 0:
        return (float("nan"),) * len(ranks)
    edges = np.concatenate(((0.0,), BOUNDS_MS, (LONGEST_MS,)))
    wanted = np.asarray(ranks) * cumulated[-1]
    upper = np.searchsorted(cumulated, wanted, side="left")
    share = (wanted - cumulated[upper - 1]) / counts[upper - 1]
    values = edges[upper - 1] + share * (edges[upper] - edges[upper - 1])
    return tuple(values.tolist())


def _counted(values: Float64Array) -> Int64Array:
    """[B] how many of the values are in each bucket."""
    counts: Int64Array = np.bincount(np.searchsorted(BOUNDS_MS, values), minlength=_BUCKETS)
    return counts


class Histogram:
    """Counts of values in milliseconds, since it was made."""

    def __init__(self) -> None:
        self.counts: Int64Array = np.zeros(_BUCKETS, np.int64)
        """[B] by bucket, not cumulated."""
        self.sum = 0.0
        """Of all values, in milliseconds."""

    @property
    def count(self) -> int:
        return int(self.counts.sum())

    def add(self, milliseconds: float) -> None:
        self.counts[bucket_of(milliseconds)] += 1
        self.sum += milliseconds

    def add_many(self, milliseconds: ArrayLike) -> None:
        """Like :meth:`add` for each of an array's values."""
        values = np.asarray(milliseconds, np.float64).ravel()
        self.counts += _counted(values)
        self.sum += float(values.sum())

    def merge(self, other: Histogram) -> None:
        """Count what ``other`` has counted, too."""
        self.counts += other.counts
        self.sum += other.sum

    def quantiles(self, ranks: Sequence[float]) -> tuple[float, ...]:
        """See :func:`quantiles_of`."""
        return quantiles_of(self.counts, ranks)


class SlidingHistogram:
    """Counts of values in milliseconds over the last ``window`` seconds."""

    def __init__(self, window: float, slices: int = 10) -> None:
        self._counts = SlidingCounts(window, slices, _BUCKETS)

    def add(self, milliseconds: float, now: float) -> None:
        row = self._counts.row(now)
        if row is not None:
            row[bucket_of(milliseconds)] += 1

    def add_many(self, milliseconds: ArrayLike, now: float) -> None:
        """Like :meth:`add` for each of an array's values."""
        row = self._counts.row(now)
        if row is not None:
            row += _counted(np.asarray(milliseconds, np.float64).ravel())

    def quantiles(self, ranks: Sequence[float], now: float) -> tuple[float, ...]:
        """See :func:`quantiles_of`."""
        return quantiles_of(self._counts.total(now), ranks)
