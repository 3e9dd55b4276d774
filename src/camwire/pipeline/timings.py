"""How long a camera's frames took in each stage: noted at once, counted together when anyone asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from camwire.frames import Batch, Float64Array
from camwire.link.reports import LatencyCounts, Quantiles
from camwire.monitoring.exported import latency_counts
from camwire.monitoring.histogram import Histogram, SlidingHistogram
from camwire.pipeline.marks import Marks

STAGES = ("decode", "queue", "detect", "track", "analyse", "render", "encode", "publish", "total")
MOST_NOTES = 512
"""Frames that are noted before they are counted: in a second there are fewer, of which reports are made."""


def spans_of(batch: Batch, sent: Collection[int], drawn: Collection[int], marks: Marks) -> Float64Array:
    """[B, stages] milliseconds; NaN for what frames haven't been through. Of the frames ``sent``, places in
    the batch, something was published; those of them that are ``drawn`` were rendered and encoded for it.
    """
    arrived = np.array([frame.arrived for frame in batch.frames])
    decoded = np.array([frame.decoded for frame in batch.frames])
    spans = np.full((len(batch), len(STAGES)), np.nan)
    spans[:, 0], spans[:, 1] = decoded - arrived, batch.formed - decoded
    spans[:, 2] = marks.detected - batch.formed
    spans[:, 3], spans[:, 4] = marks.tracked - marks.detected, marks.analysed - marks.tracked
    rows = np.array(sorted(drawn), np.intp)
    spans[rows, 5:7] = marks.rendered - marks.analysed, marks.encoded - marks.rendered
    rows = np.array(sorted(sent), np.intp)
    spans[rows, 7], spans[rows, 8] = marks.published - marks.encoded, marks.published - arrived[rows]
    return spans * 1000


class Timings:
    """Of one camera: over the last ``window`` seconds, and since they were made."""

    def __init__(self, window: float) -> None:
        self._window = {stage: SlidingHistogram(window) for stage in STAGES}
        self._all = {stage: Histogram() for stage in STAGES}
        self._notes: list[Float64Array] = []

    def add(self, spans: Float64Array, now: float) -> None:
        """Note a frame: a row of :func:`spans_of`."""
        self._notes.append(spans)
        if len(self._notes) >= MOST_NOTES:
            self._count(now)

    def quantiles(self, now: float) -> dict[str, Quantiles]:
        """By stage; of stages that no frame has been through lately nothing."""
        self._count(now)
        return {
            stage: Quantiles(p50=p50, p95=p95)
            for stage, histogram in self._window.items()
            for p50, p95 in [histogram.quantiles((0.5, 0.95), now)]
            if p50 == p50  # an empty histogram's quantiles are NaN
        }

    def counts(self, now: float) -> Mapping[str, LatencyCounts]:
        """By stage, since the beginning."""
        self._count(now)
        return {stage: latency_counts(histogram) for stage, histogram in self._all.items()}

    def _count(self, now: float) -> None:
        if not self._notes:
            return
        rows = np.array(self._notes)
        self._notes.clear()
        known = ~np.isnan(rows)
        for column, stage in enumerate(STAGES):
            values = rows[known[:, column], column]
            if len(values):
                self._window[stage].add_many(values, now)
                self._all[stage].add_many(values)
