"""The columns that every tracker keeps for its tracks, and how they become results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camwire.frames import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, Tracks
from camwire.tracking.columns import Columns, Rows
from camwire.tracking.scene import Scene


@dataclass(slots=True)
class Identity(Columns):
    """Who a track is, whatever moves it; N rows."""

    slot: Rows
    """[N] the camera's number."""
    ids: Int64Array
    """[N] 0 until the track is confirmed."""
    confirmed: BoolArray
    """[N] certain enough for an id."""
    classes: Int32Array
    scores: Float64Array
    """[N] of the last detection matched."""
    hits: Int32Array
    """[N] frames with a match."""
    ages: Int32Array
    """[N] frames since the track began."""
    seen: Float64Array
    """[N] the camera's clock when the track was last matched."""
    detection: Rows
    """[N] row in the batch's Detections that was matched in the camera's last frame, -1 for none."""
    missed: BoolArray
    """[N] not matched in the last of the camera's frames that the detector looked at."""
    trace: Float32Array
    """[N, T, 2] bottom centres of the last T frames in which it was reported, oldest first, NaN before."""

    @staticmethod
    def none(trace_length: int) -> Identity:
        """No tracks at all."""
        return Identity(
            slot=np.empty(0, np.intp),
            ids=np.empty(0, np.int64),
            confirmed=np.empty(0, np.bool_),
            classes=np.empty(0, np.int32),
            scores=np.empty(0),
            hits=np.empty(0, np.int32),
            ages=np.empty(0, np.int32),
            seen=np.empty(0),
            detection=np.empty(0, np.intp),
            missed=np.empty(0, np.bool_),
            trace=np.empty((0, trace_length, 2), np.float32),
        )

    @staticmethod
    def born(chosen: Rows, scene: Scene, trace_length: int) -> Identity:
        """A track for each of the ``chosen`` candidates."""
        found, moment = scene.found, scene.moment
        count = len(chosen)
        frame = found.frame[chosen]
        return Identity(
            slot=moment.slots[frame],
            ids=np.zeros(count, np.int64),
            confirmed=np.zeros(count, np.bool_),
            classes=found.classes[chosen],
            scores=found.scores[chosen],
            hits=np.ones(count, np.int32),
            ages=np.zeros(count, np.int32),
            seen=moment.now[frame],
            detection=found.row[chosen],
            missed=np.zeros(count, np.bool_),
            trace=np.full((count, trace_length, 2), np.nan, np.float32),
        )

    def note(self, matched: Rows, with_candidates: Rows, scene: Scene) -> None:
        """One frame later, ``matched`` rows were found again as ``with_candidates``, the others were not."""
        found, moment = scene.found, scene.moment
        self.ages += 1
        self.missed |= scene.looked_at(self.slot)
        self.missed[matched] = False
        self.detection.fill(-1)
        self.detection[matched] = found.row.take(with_candidates)
        self.hits[matched] += 1
        self.scores[matched] = found.scores.take(with_candidates)
        self.seen[matched] = moment.now.take(found.frame.take(with_candidates))


def report(who: Identity, rows: Rows, frame: Rows, boxes: Float64Array, velocities: Float64Array) -> Tracks:
    """Results for ``rows`` [R], whose boxes are added to their traces.

    ``frame`` [R] is ascending; ``boxes`` [4, R] corners and ``velocities`` [2, R] go with ``rows``.
    """
    corners = boxes.astype(np.float32)
    return Tracks(
        boxes=np.ascontiguousarray(corners.T),
        scores=who.scores.take(rows).astype(np.float32),
        classes=who.classes.take(rows),
        ids=who.ids.take(rows),
        frame_index=frame.astype(np.int32),
        detections=who.detection.take(rows).astype(np.int32),
        ages=who.ages.take(rows),
        velocities=np.ascontiguousarray(velocities.T, np.float32),
        traces=_extended(who.trace, rows, corners),
    )


def _extended(traces: Float32Array, rows: Rows, corners: Float32Array) -> Float32Array:
    """Push the boxes' bottom centres into ``traces`` and return a copy of the rows."""
    recent = np.empty((len(rows), *traces.shape[1:]), np.float32)
    if traces.shape[1]:
        recent[:, :-1] = traces.take(rows, axis=0)[:, 1:]
        recent[:, -1, 0] = (corners[0] + corners[2]) / 2
        recent[:, -1, 1] = corners[3]
        traces[rows] = recent
    return recent
