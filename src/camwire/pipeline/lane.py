"""The way of a batch: detect → track → render → encode → publish, start to end in one thread.

Several lanes run side by side, so that every core has work: while one lane's batch is in the detector,
another's is drawn. What needs the order of time (tracking, publishing) lies behind turnstiles.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from camwire.frames import Batch, Frame, Tracks
from camwire.pipeline.rate_cap import RateCap
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.slots import Slots
from camwire.pipeline.stages import Stages
from camwire.pipeline.turnstile import Turnstile

log = structlog.get_logger()

Result = TypeVar("Result")


class Publisher(Protocol):
    def __call__(self, frame: Frame, jpeg: bytes) -> bool:
        """Hand a picture on; false when it could not be taken and is lost."""


@dataclass(slots=True)
class Marks:
    """When a batch came out of each stage, in monotonic seconds."""

    detected: float = 0.0
    tracked: float = 0.0
    rendered: float = 0.0
    encoded: float = 0.0
    published: float = 0.0


class Lanes:
    """All lanes of a worker and what they share."""

    def __init__(
        self,
        slots: Slots,
        recorder: Recorder,
        publish: Publisher,
        *,
        count: int,
        expected: Callable[[], int],
        stages: Stages,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stages = stages
        self._slots = slots
        self._recorder = recorder
        self._publish = publish
        self._expected = expected
        self._clock = clock
        self._tracking = Turnstile()
        self._publishing = Turnstile()
        self._caps: dict[str, RateCap] = {}
        self._threads = [threading.Thread(target=self._run, name=f"lane-{n}") for n in range(count)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self, timeout: float) -> bool:
        """Wait for the lanes to end, which they do once the slots are closed; false if some did not."""
        deadline = self._clock() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock()))
        return not any(thread.is_alive() for thread in self._threads)

    def forget(self, camera: str) -> None:
        """Drop what is known of a camera, after every batch under way has passed."""
        batch = self._slots.empty_batch()
        if batch is None:
            return
        with self._tracking.passing(batch.ticket):
            self.stages.tracker.forget(camera)
            self._caps.pop(camera, None)
        with self._publishing.passing(batch.ticket):
            pass

    def _run(self) -> None:
        while (batch := self._slots.take(self._expected)) is not None:
            self.process(batch, self.stages)

    def process(self, batch: Batch, stages: Stages) -> None:
        """Take one batch all the way. A stage that fails costs this batch, counted, and nothing else."""
        marks = Marks()
        tracks: Tracks | None = None
        chosen: list[int] = []
        jpegs: Sequence[bytes] | None = None

        detections = self._attempt("detect", stages.detect, batch)
        marks.detected = self._clock()
        with self._tracking.passing(batch.ticket):
            if detections is not None:
                tracks = self._attempt("track", stages.tracker.step, batch, detections)
            marks.tracked = self._clock()
            if tracks is None:
                self._recorder.lost(batch.frames, "error")
            else:
                self._recorder.processed(batch, tracks, stages.overlay.class_names, marks.tracked)
                chosen = self._chosen(batch, stages)
        if tracks is not None and chosen:
            jpegs = self._pictures(batch, chosen, tracks, stages, marks)
        with self._publishing.passing(batch.ticket):
            if jpegs is not None:
                self._send(batch, chosen, jpegs)
            marks.published = self._clock()
        if tracks is not None:
            self._recorder.timed(batch, chosen if jpegs is not None else [], marks)

    def _chosen(self, batch: Batch, stages: Stages) -> list[int]:
        """Positions of the frames that are to be drawn and sent; the others are counted by cause."""
        chosen = []
        for index, frame in enumerate(batch.frames):
            if frame.camera not in stages.watched:
                self._recorder.lost((frame,), "unwatched")
            elif not self._caps.setdefault(frame.camera, RateCap()).admits(frame.arrived, stages.max_fps):
                self._recorder.lost((frame,), "fps_cap")
            else:
                chosen.append(index)
        return chosen

    def _pictures(
        self, batch: Batch, chosen: list[int], tracks: Tracks, stages: Stages, marks: Marks
    ) -> Sequence[bytes] | None:
        """A JPEG for each chosen frame; None, counted, when a stage failed."""
        device = stages.device
        pictures = self._attempt("render", device.render, batch, chosen, tracks, stages.overlay)
        marks.rendered = self._clock()
        jpegs = (
            None
            if pictures is None
            else self._attempt("encode", device.encode, pictures, stages.jpeg_quality)
        )
        marks.encoded = self._clock()
        if jpegs is None:
            self._recorder.lost([batch.frames[index] for index in chosen], "error")
        return jpegs

    def _send(self, batch: Batch, chosen: list[int], jpegs: Sequence[bytes]) -> None:
        for index, jpeg in zip(chosen, jpegs, strict=True):
            frame = batch.frames[index]
            if self._publish(frame, jpeg):
                self._recorder.published(frame)
            else:
                self._recorder.lost((frame,), "link")

    def _attempt(self, stage: str, function: Callable[..., Result], *arguments: object) -> Result | None:
        """The lane's supervisor boundary: whatever a stage raises is logged and counted, the lane goes on."""
        try:
            return function(*arguments)
        except Exception:
            if self._recorder.failed(stage):
                log.exception("a stage failed; the batch is lost", stage=stage)
            return None
