"""The way of a batch: detect → track → analyse → render → encode → publish, start to end in one thread.

Several lanes run side by side, so that every core has work: while one lane's batch is in the detector,
another's is drawn. What needs the order of time (tracking, rules, publishing) lies behind turnstiles, one
each: while one batch is tracked, the rules look at the one before.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from camwire.analytics.rules.events import Event
from camwire.frames import Batch, Frame, Tracks
from camwire.link.pictures import Rendition, of_event
from camwire.pipeline.marks import Marks
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.renditions import Made, lower_cap, objects_of, scene_for
from camwire.pipeline.slots import Slots
from camwire.pipeline.stages import Stages
from camwire.pipeline.turnstile import Turnstile
from camwire.pipeline.watchdog import UnderWay
from camwire.rate_cap import RateCap

log = structlog.get_logger()

Result = TypeVar("Result")

Chosen = dict[Rendition, list[int]]
"""Positions in the batch of the frames of which each is to be made."""


class Publisher(Protocol):
    def __call__(self, frame: Frame, payload: bytes, rendition: Rendition) -> bool:
        """Hand on what was made of a frame; false when it could not be taken and is lost."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a batch behind the turnstiles of tracking and of rules."""

    tracks: Tracks
    events: Sequence[Event]
    chosen: Chosen


class Lanes:
    """All lanes of a worker and what they share."""

    def __init__(
        self,
        slots: Slots,
        recorder: Recorder,
        publish: Publisher,
        *,
        count: int,
        detecting: int | None = None,
        expected: Callable[[], int],
        stages: Stages,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``count`` batches are under way at once, ``detecting`` of them on their way to detection or in it;
        None: all."""
        self.stages = stages
        self.under_way = UnderWay()
        self._slots = slots
        self._recorder = recorder
        self._publish = publish
        self._expected = expected
        self._clock = clock
        self._room = threading.Semaphore(detecting or count)
        self._tracking = Turnstile()
        self._analysing = Turnstile()
        self._publishing = Turnstile()
        self._caps: defaultdict[str, defaultdict[Rendition, RateCap]]
        self._caps = defaultdict(lambda: defaultdict(RateCap))
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

        def forget_the_rest() -> None:
            self.stages.analysis.forget(camera)
            self._caps.pop(camera, None)

        self.between_batches(lambda: self.stages.tracker.forget(camera), forget_the_rest)

    def between_batches(self, act: Callable[[], None], then: Callable[[], None] = lambda: None) -> bool:
        """Do something when every batch under way has been tracked and none after it has, and ``then``
        something when the same is true of the rules; false when the slots have been closed, and with them
        the time for it is over."""
        batch = self._slots.empty_batch()
        if batch is None:
            return False
        try:
            with self._tracking.passing(batch.ticket):
                act()
        finally:
            try:
                with self._analysing.passing(batch.ticket):
                    then()
            finally:
                with self._publishing.passing(batch.ticket):
                    pass
        return True

    def _run(self) -> None:
        self.stages.device.settle()
        while True:
            # Room comes first: while there is none, frames gather, and fewer, fuller batches catch up.
            self._room.acquire()
            batch = self._slots.take(self._expected, self.stages.batch_sizes)
            if batch is None:
                self._room.release()
                return
            self.process(batch, self.stages, self._room.release)
            del batch  # or its pictures would stay for as long as this lane waits for its next one

    def process(self, batch: Batch, stages: Stages, leave: Callable[[], None] = lambda: None) -> None:
        """Take one batch all the way; ``leave`` is called behind detection. Whatever fails costs this batch,
        counted, and nothing else: all that may fail is attempted, so that every batch passes all turnstiles
        and nobody waits for it for ever."""
        marks = Marks()
        made: list[Made] | None = None
        detections = self._attempt("detect", batch, stages.detect, batch)
        leave()
        marks.detected = self._clock()
        with self._tracking.passing(batch.ticket):
            tracks = (
                None
                if detections is None
                else self._attempt("track", batch, stages.tracker.step, batch, detections)
            )
            marks.tracked = self._clock()
        with self._analysing.passing(batch.ticket):
            seen = (
                None
                if tracks is None
                else self._attempt("analyse", batch, self._seen, batch, tracks, stages, marks)
            )
            if seen is None:
                self._recorder.lost(batch.frames, "error")
        if seen is not None and seen.chosen:
            made = self._attempt("make", batch, self._made, batch, seen.chosen, seen.tracks, stages, marks)
            if made is None:
                lost = {index for indices in seen.chosen.values() for index in indices}
                self._recorder.lost([batch.frames[index] for index in sorted(lost)], "error")
        with self._publishing.passing(batch.ticket):
            if made is not None:
                self._send(batch, made)
            marks.published = self._clock()
        if seen is not None:
            self._attempt("conclude", batch, self._conclude, batch, seen, made or [], stages, marks)
        self.under_way.end(failed=seen is None or (made is None and bool(seen.chosen)))

    def _seen(self, batch: Batch, tracks: Tracks, stages: Stages, marks: Marks) -> Seen:
        """What follows tracking in the order of time. Books are kept last, when nothing can fail any more."""
        # Rules that fail cost nobody a picture; the failure is logged and counted.
        events = self._attempt("analyse", batch, stages.analysis.step, batch, tracks)
        marks.analysed = self._clock()
        self._recorder.processed(batch, tracks, stages.overlay.class_names, marks.tracked)
        return Seen(tracks, events or (), self._chosen(batch, stages))

    def _conclude(self, batch: Batch, seen: Seen, made: Sequence[Made], stages: Stages, marks: Marks) -> None:
        drawn = {one.index for one in made if one.rendition != "objects"}
        self._recorder.timed(batch, {one.index for one in made}, marks, drawn)
        if seen.events and stages.event_pictures:
            self._illustrate_events(batch, seen.events, made, seen.tracks, stages)

    def _chosen(self, batch: Batch, stages: Stages) -> Chosen:
        """What is to be made of which frames; those of which nothing is are counted by cause."""
        chosen: Chosen = {}
        unwatched, capped = [], []
        for index, frame in enumerate(batch.frames):
            wanted = stages.views.get(frame.camera)
            if not wanted:
                unwatched.append(frame)
                continue
            caps = self._caps[frame.camera]
            admitted = [
                rendition
                for rendition, fps in wanted.items()
                if caps[rendition].admits(frame.arrived, lower_cap(stages.max_fps, fps))
            ]
            if not admitted:
                capped.append(frame)
            for rendition in admitted:
                chosen.setdefault(rendition, []).append(index)
        self._recorder.lost(unwatched, "unwatched")
        self._recorder.lost(capped, "fps_cap")
        return chosen

    def _made(
        self, batch: Batch, chosen: Chosen, tracks: Tracks, stages: Stages, marks: Marks
    ) -> list[Made] | None:
        """Everything chosen, in the frames' order; None when a stage failed."""
        made: list[Made] = []
        rendering = encoding = 0.0
        for rendition, indices in chosen.items():
            if rendition == "objects":
                names = stages.overlay.class_names
                made += objects_of(batch, indices, tracks, names, stages.analysed)
                continue
            began = self._clock()
            scene = scene_for(rendition, batch, tracks, stages)
            pictures = self._attempt(
                "render", batch, stages.device.render, scene.batch, indices, scene.tracks, scene.overlay
            )
            rendered = self._clock()
            jpegs = (
                None
                if pictures is None
                else self._attempt("encode", batch, stages.device.encode, pictures, stages.jpeg_quality)
            )
            rendering += rendered - began
            encoding += self._clock() - rendered
            if jpegs is None:
                return None
            made += [
                Made(index, rendition, scene.batch.frames[index], jpeg)
                for index, jpeg in zip(indices, jpegs, strict=True)
            ]
        marks.rendered = marks.analysed + rendering
        marks.encoded = marks.rendered + encoding
        return sorted(made, key=lambda one: one.index)

    def _send(self, batch: Batch, made: list[Made]) -> None:
        """A frame counts as published when any of it was taken."""
        taken: dict[int, bool | None] = {}
        for one in made:
            was_taken = self._attempt("publish", batch, self._publish, one.frame, one.payload, one.rendition)
            taken[one.index] = taken.get(one.index) or was_taken
        self._recorder.published(*(batch.frames[index] for index, any_taken in taken.items() if any_taken))
        for index, any_taken in taken.items():
            if not any_taken:
                self._recorder.lost((batch.frames[index],), "error" if any_taken is None else "link")

    def _illustrate_events(
        self, batch: Batch, events: Sequence[Event], made: Sequence[Made], tracks: Tracks, stages: Stages
    ) -> None:
        """Publish the frames in which something was reported, drawn for this where nobody watches."""
        cameras = {event.camera for event in events}
        for rendition in stages.event_pictures:
            known = {one.index: one for one in made if one.rendition == rendition}
            noted = [index for index, frame in enumerate(batch.frames) if frame.camera in cameras]
            missing = [index for index in noted if index not in known]
            if missing:
                drawn = self._made(batch, {rendition: missing}, tracks, stages, Marks())
                known |= {one.index: one for one in drawn or ()}
            for index in noted:
                if (one := known.get(index)) is not None:
                    self._publish(one.frame, one.payload, of_event(rendition))

    def _attempt(
        self, stage: str, batch: Batch, function: Callable[..., Result], *arguments: object
    ) -> Result | None:
        """The lane's supervisor boundary: whatever a stage raises is logged and counted, the lane goes on."""
        self.under_way.stage(batch.ticket, stage)
        try:
            return function(*arguments)
        except Exception:
            if self._recorder.failed(stage):
                log.exception("a stage failed", stage=stage)
            return None
