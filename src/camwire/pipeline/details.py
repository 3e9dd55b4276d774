"""Keypoints, masks and oriented corners on their way through the tracker, which knows boxes only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Batch, Detections, Float32Array, Int64Array, Tracks
from camwire.tracking import Tracker

BLANK = {"keypoints": np.nan, "masks": 0, "corners": np.nan}
"""Names of the fields, in Detections and in Tracks, and what stands where nothing is known."""
POINTS = ("keypoints", "corners")
"""Those that are places in the picture; masks are relative to their box already."""

Details = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was known of a camera's objects in its last frame, by ascending id."""

    ids: Int64Array
    boxes: Float32Array
    details: Details


class DetailedTracker:
    """A tracker whose tracks have the details of the detections that were matched.

    A track that is reported without a detection (the detector didn't look, or the tracker found it by itself)
    keeps the details that it had in the camera's frame before, moved and scaled with its box. As with every
    tracker, one thread at a time.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._kept: dict[str, _Kept] = {}
        self._shapes: Details = {}

    def step(self, batch: Batch, detections: Detections) -> Tracks:
        """See ``Tracker.step``."""
        tracks = self._tracker.step(batch, detections)
        self._learn(detections)
        if not self._shapes:
            return tracks
        details = self._matched(tracks, detections)
        for index, frame in enumerate(batch.frames):
            rows = tracks.rows_of(index)
            kept = self._kept.get(frame.camera)
            if kept is not None:
                _carry(kept, details, tracks, rows)
            self._kept[frame.camera] = _keep(details, tracks, rows)
        return replace(tracks, **details)

    def forget(self, camera: str) -> None:
        """See ``Tracker.forget``."""
        self._kept.pop(camera, None)
        self._tracker.forget(camera)

    @property
    def pid(self) -> int | None:
        """See ``Tracker.pid``."""
        return self._tracker.pid

    def close(self) -> None:
        """See ``Tracker.close``."""
        self._tracker.close()

    def _learn(self, detections: Detections) -> None:
        """Which details there are: as in the last frames that the detector looked at."""
        if detections.detected is not None and not detections.detected.any():
            return
        found = {name: getattr(detections, name) for name in BLANK}
        shapes = {name: array[:0] for name, array in found.items() if array is not None}
        if _described(shapes) != _described(self._shapes):
            self._shapes, self._kept = shapes, {}

    def _matched(self, tracks: Tracks, detections: Detections) -> Details:
        rows = np.flatnonzero(tracks.detections >= 0)
        details = {}
        for name, shape in self._shapes.items():
            values = np.full((len(tracks), *shape.shape[1:]), BLANK[name], shape.dtype)
            if len(rows):
                values[rows] = getattr(detections, name)[tracks.detections[rows]]
            details[name] = values
        return details


def _described(shapes: Details) -> dict[str, tuple[int, ...]]:
    return {name: array.shape[1:] for name, array in shapes.items()}


def _carry(kept: _Kept, details: Details, tracks: Tracks, rows: slice) -> None:
    """Fill ``details`` of those of the ``rows`` that weren't matched from what was kept."""
    unmatched = rows.start + np.flatnonzero(tracks.detections[rows] < 0)
    if not len(unmatched) or not len(kept.ids):
        return
    ids = tracks.ids[unmatched]
    place = np.minimum(np.searchsorted(kept.ids, ids), len(kept.ids) - 1)
    known = kept.ids[place] == ids
    target, place = unmatched[known], place[known]
    for name, values in details.items():
        old = kept.details[name][place]
        values[target] = _moved(old, kept.boxes[place], tracks.boxes[target]) if name in POINTS else old


def _keep(details: Details, tracks: Tracks, rows: slice) -> _Kept:
    order = rows.start + np.argsort(tracks.ids[rows])
    return _Kept(
        tracks.ids[order], tracks.boxes[order], {name: values[order] for name, values in details.items()}
    )


def _moved(points: Float32Array, old: Float32Array, new: Float32Array) -> Float32Array:
    """Points [M, K, 2 or more], x and y first, that lay in boxes ``old`` as they lie in ``new``, [M, 4]."""
    moved = points.copy()
    scale = (new[:, 2:] - new[:, :2]) / np.maximum(old[:, 2:] - old[:, :2], np.float32(1e-6))
    moved[..., :2] = (points[..., :2] - old[:, None, :2]) * scale[:, None] + new[:, None, :2]
    return moved
