"""What happened to every frame: counts that add up, rates, latencies per stage."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from camwire.frames import Batch, Frame, Tracks
from camwire.link.messages import CameraReport, Quantiles
from camwire.monitoring.exported import latency_counts
from camwire.monitoring.histogram import Histogram, SlidingHistogram
from camwire.monitoring.rates import Rate
from camwire.pipeline.marks import Marks
from camwire.sources import SourceReport

WINDOW = 10.0
"""Seconds over which latencies and rates are told."""
STAGES = ("decode", "queue", "detect", "track", "analyse", "render", "encode", "publish", "total")
LOG_EVERY = 10.0
"""Seconds between two log lines about the same failing stage."""


class CameraRecord:
    """One camera's books. At any moment: arrived = published + sum(drops) + under way."""

    def __init__(self) -> None:
        self.arrived = 0
        self.processed = 0
        self.published = 0
        self.drops: Counter[str] = Counter()
        self.discarded: Counter[str] = Counter()
        """What the source said last of what it discarded; part of the drops."""
        self.objects: dict[str, int] = {}
        self.input = Rate(WINDOW)
        self.throughput = Rate(WINDOW)
        self.output = Rate(WINDOW)
        self.latency = {stage: SlidingHistogram(WINDOW) for stage in STAGES}
        self.latencies = {stage: Histogram() for stage in STAGES}

    @property
    def under_way(self) -> int:
        return self.arrived - self.published - sum(self.drops.values())

    def source_discarded(self, discarded: Mapping[str, int]) -> None:
        """Take in what the source has discarded since it was opened: it arrived, and it was lost."""
        news = Counter(discarded) - self.discarded
        self.arrived += news.total()
        self.drops += news
        self.discarded = Counter(discarded)

    def cleared(self) -> CameraRecord:
        """New books that know only of the frames that are still under way."""
        fresh = CameraRecord()
        fresh.arrived = self.under_way
        fresh.discarded = self.discarded
        fresh.objects = self.objects
        return fresh


class Recorder:
    """The books of all cameras; every method may be called from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._cameras: dict[str, CameraRecord] = {}
        self._failures: Counter[str] = Counter()
        self._logged: dict[str, float] = {}

    def add(self, camera: str) -> None:
        with self._lock:
            self._cameras.setdefault(camera, CameraRecord())

    def remove(self, camera: str) -> None:
        with self._lock:
            self._cameras.pop(camera, None)

    def clear(self) -> None:
        """Count anew, from the frames that are under way."""
        with self._lock:
            self._cameras = {camera: record.cleared() for camera, record in self._cameras.items()}
            self._failures.clear()

    def arrived(self, frame: Frame) -> None:
        with self._lock:
            if record := self._cameras.get(frame.camera):
                record.arrived += 1
                record.input.add(self._clock())

    def lost(self, frames: Iterable[Frame], cause: str) -> None:
        with self._lock:
            for frame in frames:
                if record := self._cameras.get(frame.camera):
                    record.drops[cause] += 1

    def processed(self, batch: Batch, tracks: Tracks, class_names: Sequence[str], now: float) -> None:
        """A batch came out of the tracker."""
        with self._lock:
            for index, frame in enumerate(batch.frames):
                if record := self._cameras.get(frame.camera):
                    record.processed += 1
                    record.throughput.add(now)
                    record.objects = _counts(tracks.classes[tracks.rows_of(index)], class_names)

    def published(self, frame: Frame) -> None:
        with self._lock:
            if record := self._cameras.get(frame.camera):
                record.published += 1
                record.output.add(self._clock())

    def timed(self, batch: Batch, chosen: Sequence[int], marks: Marks) -> None:
        """How long a batch took in each stage; the last four only for the frames that were drawn."""
        now = self._clock()
        with self._lock:
            for index, frame in enumerate(batch.frames):
                record = self._cameras.get(frame.camera)
                if record is None:
                    continue
                spans = {
                    "decode": frame.decoded - frame.arrived,
                    "queue": batch.formed - frame.decoded,
                    "detect": marks.detected - batch.formed,
                    "track": marks.tracked - marks.detected,
                    "analyse": marks.analysed - marks.tracked,
                }
                if index in chosen:
                    spans["render"] = marks.rendered - marks.analysed
                    spans["encode"] = marks.encoded - marks.rendered
                    spans["publish"] = marks.published - marks.encoded
                    spans["total"] = marks.published - frame.arrived
                for stage, seconds in spans.items():
                    record.latency[stage].add(seconds * 1000, now)
                    record.latencies[stage].add(seconds * 1000)

    def failed(self, stage: str) -> bool:
        """Count a stage's failure; true when it is time to log one again."""
        now = self._clock()
        with self._lock:
            self._failures[stage] += 1
            if now - self._logged.get(stage, -LOG_EVERY) < LOG_EVERY:
                return False
            self._logged[stage] = now
            return True

    @property
    def under_way(self) -> int:
        """Frames of all cameras that have arrived and neither come out nor been lost."""
        with self._lock:
            return sum(record.under_way for record in self._cameras.values())

    def report(self, camera: str, source: SourceReport, now: float) -> CameraReport:
        """The source's state and the camera's books in one message."""
        with self._lock:
            record = self._cameras.get(camera) or CameraRecord()
            record.source_discarded(source.discarded)
            return CameraReport(
                id=camera,
                phase=source.phase,
                reason=source.reason,
                retry_at=source.retry_at,
                codec=source.codec,
                width=source.width,
                height=source.height,
                input_fps=record.input.per_second(now),
                processed_fps=record.throughput.per_second(now),
                output_fps=record.output.per_second(now),
                frames_in=record.arrived,
                frames_processed=record.processed,
                frames_out=record.published,
                drops=dict(record.drops),
                objects=record.objects if source.phase == "live" else {},
                latency_ms={
                    stage: Quantiles(p50=p50, p95=p95)
                    for stage, histogram in record.latency.items()
                    for p50, p95 in [histogram.quantiles((0.5, 0.95), now)]
                    if p50 == p50  # an empty histogram's quantiles are NaN
                },
                latencies={stage: latency_counts(counts) for stage, counts in record.latencies.items()},
            )


def _counts(classes: np.ndarray, class_names: Sequence[str]) -> dict[str, int]:
    found, numbers = np.unique(classes, return_counts=True)
    return {class_names[index]: int(number) for index, number in zip(found, numbers, strict=True)}
