"""How long a camera's frames took in each stage: noted at once, counted together when anyone asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from camwire.frames import Batch
from camwire.link.reports import LatencyCounts, Quantiles
from camwire.monitoring.exported import latency_counts
from camwire.monitoring.histogram import Histogram, SlidingHistogram
from camwire.pipeline.marks import Marks

STAGES = ("decode", "queue", "detect", "track", "analyse", "render", "encode", "publish", "total")
MOST_NOTES = 512
"""Frames that are noted before they are counted: in a second there are fewer, of which reports are made."""
UNKNOWN = float("nan"), float("nan")

Spans = Sequence[float]
"""Milliseconds, by stage; NaN for what a frame hasn't been through."""


def spans_of(batch: Batch, sent: Collection[int], drawn: Collection[int], marks: Marks) -> list[Spans]:
    """By frame. Of the frames ``sent``, places in the batch, something was published; those of them that are
    ``drawn`` were rendered and encoded for it. Plain numbers: batches are small.
    """
    detecting = 1000 * (marks.detected - batch.formed)
    tracking, analysing = 1000 * (marks.tracked - marks.detected), 1000 * (marks.analysed - marks.tracked)
    drawing = 1000 * (marks.rendered - marks.analysed), 1000 * (marks.encoded - marks.rendered)
    publishing = 1000 * (marks.published - marks.encoded)
    return [
        (
            1000 * (frame.decoded - frame.arrived),
            1000 * (batch.formed - frame.decoded),
            detecting,
            tracking,
            analysing,
            *(drawing if index in drawn else UNKNOWN),
            *((publishing, 1000 * (marks.published - frame.arrived)) if index in sent else UNKNOWN),
        )
        for index, frame in enumerate(batch.frames)
    ]


class Timings:
    """Of one camera: over the last ``window`` seconds, and since they were made."""

    def __init__(self, window: float) -> None:
        self._window = {stage: SlidingHistogram(window) for stage in STAGES}
        self._all = {stage: Histogram() for stage in STAGES}
        self._notes: list[Spans] = []

    def add(self, spans: Spans, now: float) -> None:
        """Note a frame: one of :func:`spans_of`."""
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
