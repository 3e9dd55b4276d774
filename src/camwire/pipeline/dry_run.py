"""Rules tried out on a recording: detector, tracker and rules over every frame, in order.

Frames are detected side by side and then go through tracker and rules one by one, so the same recording
always gives the same numbers. Times are the recording's own: seconds since it began.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from camwire.analytics.nvdsanalytics.engine import NvdsAnalytics
from camwire.analytics.nvdsanalytics.results import FrameResult
from camwire.analytics.rules.events import Counts, Event
from camwire.config.rules import Rule
from camwire.devices.annotations import Annotation
from camwire.devices.contracts import Device, Overlay
from camwire.frames import Batch, Detections, Frame, Size, Tracks
from camwire.link.desired import DesiredDetection, DesiredState
from camwire.models import ModelError
from camwire.pipeline.analysis import rule_engine
from camwire.pipeline.details import DetailedTracker
from camwire.pipeline.detector import Detector
from camwire.pipeline.nvds_rules import nvdsanalytics
from camwire.pipeline.selection import lowest_score
from camwire.pipeline.side_by_side import side_by_side
from camwire.tracking import create, weakest_score


@dataclass(frozen=True, slots=True)
class Analysed:
    """One frame, after everything; a batch of its own."""

    batch: Batch
    tracks: Tracks
    events: tuple[Event, ...]


@dataclass(slots=True)
class NvdsTotals:
    """What DeepStream's rules said over the whole recording."""

    line_totals: dict[str, int] = field(default_factory=dict)
    """Crossings by label."""
    most_in_roi: dict[str, int] = field(default_factory=dict)
    """Objects at once in the label's region."""
    overcrowded_frames: Counter[str] = field(default_factory=Counter)

    def add(self, result: FrameResult) -> None:
        self.line_totals = dict(result.line_totals)
        for label, number in result.roi_counts.items():
            self.most_in_roi[label] = max(number, self.most_in_roi.get(label, 0))
        self.overcrowded_frames.update(label for label, crowded in result.overcrowded.items() if crowded)


class DryRun:
    """One camera's configuration over one recording."""

    def __init__(
        self,
        desired: DesiredState,
        rules: tuple[Rule, ...],
        camera: str,
        device: Device,
        *,
        nvds_file: str | None = None,
        stream: int = 0,
    ) -> None:
        """``stream`` is the camera's number in the nvdsanalytics file.

        Raises ModelError where the model, the tracker or the rules can't be used.
        """
        lowest = lowest_score(desired.model)
        own = desired.model.cameras.get(camera, DesiredDetection())
        # Which frames are looked at is decided here, in order, not by the threads that look.
        cameras = {camera: msgspec.structs.replace(own, detect_interval=1)}
        model = msgspec.structs.replace(desired.model, cameras=cameras)
        self._every = own.detect_interval
        self._detector = Detector.load(model, device, weakest_score(desired.tracker, lowest))
        try:
            self._tracker = DetailedTracker(create(desired.tracker, score_threshold=lowest))
        except ValueError as error:
            raise ModelError(f"tracker: {error}") from None
        self._bound = Size(desired.output.width, desired.output.height)
        self._rules = rule_engine(rules, self._detector.class_names)
        self._nvds = None if nvds_file is None else NvdsAnalytics(nvdsanalytics(nvds_file))
        self._camera, self._stream = camera, stream
        self._device = device
        self._overlay = Overlay(
            frozenset(name for name, on in desired.toggles.items() if on), self._detector.class_names, rules
        )
        self.nvds_totals = NvdsTotals() if self._nvds else None
        self._nvds_result: FrameResult | None = None

    def frames(self, pictures: Iterable[Frame]) -> Iterator[Analysed]:
        """Every frame of a recording, in order."""
        threads = len(os.sched_getaffinity(0))
        for frame, found in side_by_side(self._look, map(self._own, pictures), threads):
            batch = Batch(frame.sequence, (frame,), frame.decoded)
            tracks = self._tracker.step(batch, found)
            events = self._rules.step(batch, tracks).events
            self._apply_nvds(batch, tracks)
            yield Analysed(batch, tracks, events)

    @property
    def counts(self) -> dict[str, Counts]:
        """Counts so far by rule, what is counted, and class."""
        return self._rules.counts_of(self._camera)

    def picture(self, analysed: Analysed) -> np.ndarray:
        """The frame with everything drawn that the configuration asks for, [H, W, 3] BGR."""
        overlay = replace(self._overlay, counts={self._camera: self.counts}, annotator=self._annotation)
        picture: np.ndarray = self._device.render(analysed.batch, (0,), analysed.tracks, overlay)[0]
        return picture

    def _annotation(self, _: Frame) -> Annotation | None:
        """Frames are drawn one by one, so that the newest result is that of the frame."""
        if self._nvds is None or self._nvds_result is None:
            return None
        return self._nvds.annotation(self._stream, self._nvds_result)

    def _own(self, frame: Frame) -> Frame:
        """The frame as one of the camera's, with the recording's own time for the clock on the wall."""
        size = frame.source_size.fitted_into(self._bound)
        return replace(frame, camera=self._camera, size=size, captured=frame.time)

    def _look(self, frame: Frame) -> tuple[Frame, Detections]:
        if frame.sequence % self._every:
            return frame, replace(Detections.empty(), detected=np.zeros(1, np.bool_))
        return frame, self._detector(Batch(frame.sequence, (frame,), frame.decoded))

    def _apply_nvds(self, batch: Batch, tracks: Tracks) -> None:
        if self._nvds is None or self.nvds_totals is None:
            return
        (result,) = self._nvds.step(batch, tracks, {self._camera: self._stream})
        if result is not None:
            self.nvds_totals.add(result)
            self._nvds_result = result
