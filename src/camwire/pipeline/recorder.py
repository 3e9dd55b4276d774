"""What happened to every frame: counts that add up, rates, latencies per stage."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Batch, Frame, Tracks
from camwire.link.reports import CameraReport
from camwire.monitoring.rates import Rate
from camwire.pipeline.marks import Marks
from camwire.pipeline.timings import Timings, spans_of
from camwire.sources import SourceReport

WINDOW = 10.0
"""Seconds over which latencies and rates are told."""
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
        self.objects: NDArray[np.intp] = np.zeros(0, np.intp)
        """[C] in the newest frame, by class."""
        self.class_names: Sequence[str] = ()
        self.input = Rate(WINDOW)
        self.throughput = Rate(WINDOW)
        self.output = Rate(WINDOW)
        self.timings = Timings(WINDOW)

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
        fresh.objects, fresh.class_names = self.objects, self.class_names
        return fresh

    def objects_by_name(self) -> dict[str, int]:
        """In the newest frame."""
        return {
            self.class_names[number]: int(self.objects[number])
            for number in np.flatnonzero(self.objects).tolist()
        }


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
        kinds = len(class_names)
        counted = np.bincount(tracks.frame_index * kinds + tracks.classes, minlength=len(batch) * kinds)
        with self._lock:
            for frame, counts in zip(batch.frames, counted.reshape(len(batch), kinds), strict=True):
                if record := self._cameras.get(frame.camera):
                    record.processed += 1
                    record.throughput.add(now)
                    record.objects, record.class_names = counts, class_names

    def published(self, *frames: Frame) -> None:
        now = self._clock()
        with self._lock:
            for frame in frames:
                if record := self._cameras.get(frame.camera):
                    record.published += 1
                    record.output.add(now)

    def timed(
        self, batch: Batch, sent: Collection[int], marks: Marks, drawn: Collection[int] | None = None
    ) -> None:
        """How long a batch took in each stage. ``sent``: the frames of which something was published;
        ``drawn``: those that were drawn for it, None for the same."""
        now = self._clock()
        spans = spans_of(batch, sent, sent if drawn is None else drawn, marks)
        with self._lock:
            for frame, own in zip(batch.frames, spans, strict=True):
                if record := self._cameras.get(frame.camera):
                    record.timings.add(own, now)

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
    def failures(self) -> dict[str, int]:
        """How often each stage has failed since counting began."""
        with self._lock:
            return dict(self._failures)

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
                objects=record.objects_by_name() if source.phase == "live" else {},
                latency_ms=record.timings.quantiles(now),
                latencies=dict(record.timings.counts(now)),
            )
