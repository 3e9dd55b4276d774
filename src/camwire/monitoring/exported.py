"""Latencies as Prometheus wants them: counts up to each of a few bounds, since counting began."""

from __future__ import annotations

import numpy as np

from camwire.link.reports import LatencyCounts
from camwire.monitoring.histogram import BOUNDS_MS, BUCKETS_PER_DECADE, Histogram

_STEP = BUCKETS_PER_DECADE // 3

BOUNDS_S: tuple[float, ...] = tuple(round(float(bound) / 1000, 9) for bound in BOUNDS_MS[::_STEP])
"""Three a decade, in seconds; each is a bound of the finer histogram, so that counts are exact."""


def latency_counts(histogram: Histogram) -> LatencyCounts:
    """What a histogram has counted, up to each of ``BOUNDS_S``."""
    return LatencyCounts(
        cumulated=tuple(np.cumsum(histogram.counts)[: len(BOUNDS_MS) : _STEP].tolist()),
        count=histogram.count,
        seconds=histogram.sum / 1000,
    )
