"""From DeepStream's objects to camwire's detections and tracks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from camwire.deepstream.metadata import UNTRACKED, BatchMeta, UInt64Array
from camwire.frames import Batch, Detections, Float32Array, Float64Array, Int32Array, Int64Array, Tracks

IDS = np.uint64(2**40 - 1)
"""So many: camwire's begin at 1 and stay below 2⁴⁰. With `useUniqueID` nvtracker's have 64 bits, of which the
upper 32 are the same for all objects of a stream."""
SMOOTHING = 0.5
"""The share of a new speed in what is told: a tracker's boxes jitter."""
REMEMBERED = 8.0
"""Seconds for which an object that isn't reported keeps its way and its age."""


def camwire_ids(ids: UInt64Array) -> Int64Array:
    """Of nvtracker's."""
    return (ids % IDS).astype(np.int64) + 1


def detections_of(meta: BatchMeta) -> Detections:
    """What the detector saw: for a tracker of camwire's own."""
    return Detections(
        boxes=meta.boxes,
        scores=meta.scores,
        classes=meta.classes,
        frame_index=meta.frame_index,
        detected=meta.inferred,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """A camera's objects by ascending id."""

    ids: UInt64Array
    first: Int32Array
    """[N] the camera's frame in which it was seen first."""
    scores: Float32Array
    centres: Float32Array
    """[N, 2]."""
    times: Float64Array
    velocities: Float32Array
    """[N, 2]."""
    traces: Float32Array
    """[N, T, 2]."""

    def rows(self, chosen: np.ndarray) -> _Known:
        return _Known(
            *(getattr(self, name)[chosen] for name in _Known.__slots__),
        )


class TrackHistory:
    """Follows what nvtracker reports, for ages, speeds and traces. One thread at a time."""

    def __init__(self, trace_length: int) -> None:
        self._trace_length = trace_length
        self._known: dict[str, _Known] = {}
        self._frames: dict[str, int] = {}

    def step(self, batch: Batch, meta: BatchMeta) -> Tracks:
        """Tracks of all objects of the batch that nvtracker has given an id and a place: of boxes that are no
        numbers rules would say anything."""
        placed = np.flatnonzero((meta.ids != UNTRACKED) & np.isfinite(meta.boxes).all(axis=1))
        parts = [self._of_frame(batch, meta, index, placed) for index in range(len(batch))]
        return _joined(parts) if parts else Tracks.empty(self._trace_length)

    def forget(self, camera: str) -> None:
        """Drop what is known of a camera's objects."""
        self._known.pop(camera, None)
        self._frames.pop(camera, None)

    def _of_frame(self, batch: Batch, meta: BatchMeta, index: int, placed: np.ndarray) -> Tracks:
        frame = batch.frames[index]
        number = self._frames.get(frame.camera, -1) + 1
        self._frames[frame.camera] = number
        rows = placed[meta.frame_index[placed] == index]
        rows = rows[np.argsort(meta.ids[rows], kind="stable")]
        before = self._known.get(frame.camera) or _nobody(self._trace_length)
        now = self._seen(meta, rows, frame.time, number, before)
        gone = ~np.isin(before.ids, now.ids) & (before.times > frame.time - REMEMBERED)
        self._known[frame.camera] = _merged(now, before.rows(np.flatnonzero(gone)))
        return Tracks(
            boxes=meta.boxes[rows],
            scores=now.scores,
            classes=meta.classes[rows],
            ids=camwire_ids(now.ids),
            frame_index=np.full(len(rows), index, np.int32),
            detections=np.where(meta.scores[rows] >= 0, rows, -1).astype(np.int32),
            ages=number - now.first,
            velocities=now.velocities,
            traces=now.traces,
        )

    def _seen(self, meta: BatchMeta, rows: np.ndarray, time: float, number: int, before: _Known) -> _Known:
        """The frame's objects, with what was known of those that aren't new."""
        ids, boxes = meta.ids[rows], meta.boxes[rows]
        place = np.searchsorted(before.ids, ids)
        old = np.zeros(len(ids), np.bool_)
        within = place < len(before.ids)
        old[within] = before.ids[place[within]] == ids[within]
        was = before.rows(place[old])

        centres = ((boxes[:, :2] + boxes[:, 2:]) / 2).astype(np.float32)
        first = np.full(len(ids), number, np.int32)
        first[old] = was.first
        scores = meta.scores[rows].astype(np.float32)
        scores[old] = np.where(scores[old] >= 0, scores[old], was.scores)
        velocities = np.zeros((len(ids), 2), np.float32)
        passed = np.maximum(time - was.times, 1e-3)[:, None]
        speed = (centres[old] - was.centres) / passed
        fresh = (was.first == number - 1)[:, None]  # its second frame has nothing to be smoothed with
        velocities[old] = np.where(fresh, speed, SMOOTHING * speed + (1 - SMOOTHING) * was.velocities)
        traces = np.full((len(ids), self._trace_length, 2), np.nan, np.float32)
        if self._trace_length:
            traces[old, :-1] = was.traces[:, 1:]
            traces[:, -1, 0] = centres[:, 0]
            traces[:, -1, 1] = boxes[:, 3]
        return _Known(ids, first, np.maximum(scores, 0), centres, np.full(len(ids), time), velocities, traces)


def _nobody(trace_length: int) -> _Known:
    return _Known(
        ids=np.empty(0, np.uint64),
        first=np.empty(0, np.int32),
        scores=np.empty(0, np.float32),
        centres=np.empty((0, 2), np.float32),
        times=np.empty(0),
        velocities=np.empty((0, 2), np.float32),
        traces=np.empty((0, trace_length, 2), np.float32),
    )


def _merged(one: _Known, other: _Known) -> _Known:
    order = np.argsort(np.concatenate([one.ids, other.ids]), kind="stable")
    return _Known(
        *(np.concatenate([getattr(one, name), getattr(other, name)])[order] for name in _Known.__slots__)
    )


def _joined(parts: list[Tracks]) -> Tracks:
    names = (
        *("boxes", "scores", "classes", "ids", "frame_index"),
        *("detections", "ages", "velocities", "traces"),
    )
    return replace(
        parts[0], **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )
