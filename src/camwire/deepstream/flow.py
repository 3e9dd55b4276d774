"""What becomes of each batch: its objects are tracked and judged, then it is handed on.

Everything here is called by GStreamer's threads, and nothing waits. A batch is analysed when it has passed
the last of DeepStream's analyses.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import structlog

from camwire.deepstream.book import CameraBook
from camwire.deepstream.dispatch import Dispatch, Drawable
from camwire.deepstream.display import display_of
from camwire.deepstream.metadata import BatchMeta, Metadata
from camwire.deepstream.nvds_results import NvdsResults
from camwire.deepstream.objects import detections_of
from camwire.deepstream.scene import FlowScene
from camwire.deepstream.tensor_feed import TensorFeed
from camwire.deepstream.timing import BatchTimes
from camwire.frames import Batch, Int32Array, Size, Tracks
from camwire.pipeline.analysis import Analysis
from camwire.pipeline.lane import Publisher
from camwire.pipeline.marks import Marks
from camwire.pipeline.recorder import Recorder

OLDEST = 10.0
"""Seconds: an arrival that lies further back is a clock that was set, not a frame that took its time."""

log = structlog.get_logger()


class Flow:
    """The handlers of a pipeline, whichever pipeline that is at the moment."""

    def __init__(
        self,
        recorder: Recorder,
        analysis: Analysis,
        publish: Publisher,
        metadata: Metadata,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.scene: FlowScene | None = None
        self.books: dict[str, CameraBook] = {}
        self.times = BatchTimes()
        self.dispatch = Dispatch(recorder, publish, clock)
        self.last_batch = 0.0
        """When a batch was analysed last, in monotonic seconds."""
        self.batches = 0
        self.nvds = NvdsResults()
        self.feed: TensorFeed | None = None
        """Where tensors go; None: nobody wants them."""
        self.latencies: Mapping[str, float] = {}
        """By element, milliseconds that it took for the last batch, where DeepStream measures that."""
        self._recorder, self._analysis, self._metadata = recorder, analysis, metadata
        self._clock, self._wall_clock = clock, wall_clock
        self._in_order = threading.Lock()

    def add(self, camera: str) -> None:
        self._recorder.add(camera)
        self.dispatch.add(camera)
        self.books[camera] = CameraBook(camera, self._wall_clock())

    def remove(self, camera: str) -> None:
        """Forget a camera whose elements are gone; what was under way is counted."""
        with self._in_order:
            del self.books[camera]
            self.nvds.forget(camera)
            self._analysis.forget(camera)
            if self.scene is not None:
                self.scene.history.forget(camera)
                if self.scene.tracker is not None:
                    self.scene.tracker.forget(camera)
        self.dispatch.remove(camera)
        self._recorder.remove(camera)

    # --- handlers ------------------------------------------------------------------------------

    def arrived(self, camera: str) -> None:
        if book := self.books.get(camera):
            book.last_arrival = self._clock()

    def began(self, camera: str) -> None:
        if book := self.books.get(camera):
            book.began()

    def ended(self, camera: str) -> None:
        if book := self.books.get(camera):
            book.has_ended = True

    def tagged(self, camera: str, codec: str) -> None:
        if book := self.books.get(camera):
            book.tagged(codec)

    def passed(self, mark: str, pts: int) -> None:
        self.times.passed(mark, pts, self._clock())

    def analysed(self, buffer: Any) -> None:
        with self._boundary("analyse"):
            if self.scene is not None:
                self._analyse(buffer, self.scene)

    def wanted(self, camera: str, pts: int) -> bool:
        return self.dispatch.wanted(camera, pts)

    def drawn(self, camera: str, pts: int) -> None:
        self.dispatch.drawn(camera, pts)

    def encoded(self, camera: str, pts: int, jpeg: bytes) -> None:
        with self._boundary("encode"):
            if self.scene is not None:
                self.dispatch.encoded(camera, pts, jpeg, self.scene)

    @contextmanager
    def _boundary(self, stage: str) -> Iterator[None]:
        """GStreamer's threads know nothing of exceptions: they are counted and logged here."""
        try:
            yield
        except Exception:
            if self._recorder.failed(stage):
                log.exception("a stage failed", stage=stage)

    # --- a batch -------------------------------------------------------------------------------

    def _analyse(self, buffer: Any, scene: FlowScene) -> None:
        now = self._clock()
        whole = self._metadata.read(buffer)
        times = self.times.take(buffer.pts)
        marks = Marks(detected=times.get("detected", now))
        with self._in_order:
            here = self._of_their_cameras(whole, scene)
            if not here:
                return
            rows = np.flatnonzero(np.isin(whole.frame_index, here)).astype(np.int32)
            meta = scaled(whole.only(here), scene.bound)
            batch = self._batch(meta, scene, times.get("formed", now), now)
            for frame in batch.frames:
                self._recorder.arrived(frame)
            try:
                tracks = self._tracks(batch, meta, scene)
                marks.tracked = times.get("tracked", self._clock())
                self._recorder.processed(batch, tracks, scene.overlay.class_names, marks.tracked)
                if scene.relabels:
                    self._relabel(buffer, rows, tracks, scene)
                events = self._analysis.step(batch, tracks)
            except Exception:
                self._recorder.lost(batch.frames, "error")
                raise
            self.nvds.note(batch, meta, tracks, scene.overlay.class_names)
            marks.analysed = self._clock()
            self.last_batch = marks.analysed
            self.batches += 1
            self.latencies = whole.latencies
            drawable = Drawable(batch, tracks, here, {})
            self.dispatch.hand_on(drawable, events, meta.pts.tolist(), buffer.pts, marks, scene)
            if not scene.drawn_here:
                self._display(buffer, drawable, whole, scene)
            if self.feed is not None:
                self.feed.offer(buffer, batch.frames, tracks, meta.pads.tolist())

    def _display(self, buffer: Any, drawable: Drawable, whole: BatchMeta, scene: FlowScene) -> None:
        """Have nvdsosd draw what else is to be seen, on the pictures that anybody wants."""
        positions = {index: drawable.positions[index] for index in drawable.pending}
        display = display_of(drawable.batch, drawable.tracks, positions, whole.sizes, scene.overlay)
        if len(display):
            self._metadata.display(buffer, display)

    def _of_their_cameras(self, whole: BatchMeta, scene: FlowScene) -> list[int]:
        """Indices of the frames that are what their pads say."""
        frames = zip(whole.pads.tolist(), whole.captured.tolist(), strict=True)
        return [
            index
            for index, (pad, captured) in enumerate(frames)
            if self._is_of_its_camera(scene.cameras.get(pad), captured)
        ]

    def _is_of_its_camera(self, camera: str | None, captured: float) -> bool:
        """Pads are given again: what came before the camera that has it now is a picture of another one."""
        book = self.books.get(camera) if camera is not None else None
        return book is not None and not 0.0 < book.since - captured < OLDEST

    def _batch(self, meta: BatchMeta, scene: FlowScene, formed: float, now: float) -> Batch:
        utc = self._wall_clock()
        frames = []
        for index, pad in enumerate(meta.pads.tolist()):
            captured = float(meta.captured[index]) or utc
            frames.append(
                self.books[scene.cameras[pad]].frame(
                    pts=int(meta.pts[index]),
                    source_size=Size(*meta.source_sizes[index].tolist()),
                    size=Size(*meta.sizes[index].tolist()),
                    arrived=min(now, max(now - (utc - captured), now - OLDEST)),
                    captured=captured,
                    now=now,
                )
            )
        return Batch(self.batches, tuple(frames), formed)

    def _tracks(self, batch: Batch, meta: BatchMeta, scene: FlowScene) -> Tracks:
        if scene.tracker is None:
            return scene.history.step(batch, meta)
        return scene.tracker.step(batch, detections_of(meta))

    def _relabel(self, buffer: Any, rows: Int32Array, tracks: Tracks, scene: FlowScene) -> None:
        """Have nvdsosd draw camwire's tracks; one that the detector didn't see has no object to draw."""
        seen = np.flatnonzero(tracks.detections >= 0)
        names = scene.overlay.class_names
        texts = [
            f"{names[number]} {identity}"
            for number, identity in zip(tracks.classes[seen].tolist(), tracks.ids[seen].tolist(), strict=True)
        ]
        self._metadata.relabel(buffer, rows[tracks.detections[seen]], tracks.ids[seen], texts)


def scaled(meta: BatchMeta, bound: Size | None) -> BatchMeta:
    """Sizes and boxes as they are in pictures that fit into ``bound``; None: as they are."""
    if bound is None or not len(meta):
        return meta
    fitted = [Size(*size).fitted_into(bound) for size in meta.sizes.tolist()]
    sizes = np.array(fitted, np.int32)
    factors = (sizes / meta.sizes).astype(np.float32)[meta.frame_index]
    return replace(meta, sizes=sizes, boxes=meta.boxes * np.tile(factors, 2))
