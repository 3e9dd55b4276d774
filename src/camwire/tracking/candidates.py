"""Detections as trackers want them: valid, float64, and in an order that doesn't depend on the detector's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import structlog

from camwire.frames import Batch, BoolArray, Detections, Float64Array, Int32Array
from camwire.tracking.columns import Rows

FARTHEST = 1e6
"""Pixels; a coordinate beyond is no place in a picture but a fault of the detector."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Candidates:
    """M valid detections of a batch, ordered by frame, within it by place."""

    boxes: Float64Array
    """[4, M] corners."""
    weights: Float64Array
    """[M] scores as thresholds and gains go by them; see ``Detections.weights``."""
    scores: Float64Array
    """[M] as the detector gave them, for results."""
    classes: Int32Array
    frame: Rows
    """[M], ascending: position in the batch."""
    row: Rows
    """[M] row in the batch's Detections."""

    def __len__(self) -> int:
        return len(self.row)


class Sieve:
    """Lets valid detections through and counts the others.

    Valid: finite numbers, x1 < x2, y1 < y2, no coordinate beyond ``FARTHEST``. One NaN in a Kalman filter
    would stay there for good. The log says so at the first rejection and whenever their number has doubled: a
    broken model rejects some in every frame, and must not flood the log.
    """

    def __init__(self) -> None:
        self.rejected = 0
        self._next_warning = 1

    def __call__(self, batch: Batch, detections: Detections) -> Candidates:
        boxes = np.ascontiguousarray(detections.boxes.T, np.float64)
        scores = detections.scores.astype(np.float64)
        weights = scores if detections.weights is None else detections.weights.astype(np.float64)
        row = _order(detections, boxes, scores)
        if not _all_valid(boxes, scores):
            valid = _valid(boxes, scores)
            self._count(batch, detections, np.flatnonzero(~valid))
            row = row[valid[row]]
        return Candidates(
            boxes=boxes.take(row, axis=1),
            weights=weights.take(row),
            scores=scores.take(row),
            classes=detections.classes.take(row),
            frame=detections.frame_index.take(row).astype(np.intp),
            row=row,
        )

    def _count(self, batch: Batch, detections: Detections, rows: Rows) -> None:
        self.rejected += len(rows)
        if self.rejected >= self._next_warning:
            self._next_warning = 2 * self.rejected
            log.warning(
                "boxes rejected: not finite, inverted or far outside the picture; the model's format?",
                camera=batch.frames[int(detections.frame_index[rows[0]])].camera,
                box=detections.boxes[rows[0]].tolist(),
                score=float(detections.scores[rows[0]]),
                rejected=self.rejected,
            )


def _order(detections: Detections, boxes: Float64Array, scores: Float64Array) -> Rows:
    """The rows sorted by frame, then by left edge; the other numbers break ties, so the detector's order
    has no say at all."""
    x1, y1, x2, y2 = boxes
    order = np.lexsort((x1, detections.frame_index))
    sorted_x1 = x1.take(order)
    if np.count_nonzero(sorted_x1[1:] == sorted_x1[:-1]):
        order = np.lexsort((detections.classes, scores, y2, x2, y1, x1, detections.frame_index))
    return order


def _all_valid(boxes: Float64Array, scores: Float64Array) -> bool:
    """Whether ``_valid`` holds for all, in fewer steps."""
    in_reach = np.count_nonzero(np.abs(boxes) <= FARTHEST) + np.count_nonzero(np.abs(scores) <= FARTHEST)
    upright = np.count_nonzero(boxes[2:] > boxes[:2])
    return bool(in_reach + upright == 7 * scores.size)


def _valid(boxes: Float64Array, scores: Float64Array) -> BoolArray:
    # Comparisons with NaN are false, so these ask for finite numbers too.
    in_reach = (np.abs(boxes) <= FARTHEST).all(axis=0) & (np.abs(scores) <= FARTHEST)
    result: BoolArray = in_reach & (boxes[2:] > boxes[:2]).all(axis=0)
    return result
