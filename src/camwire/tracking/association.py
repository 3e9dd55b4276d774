"""Which tracks and detections may belong together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camwire.frames import BoolArray, Float64Array
from camwire.tracking.assignment import assign
from camwire.tracking.boxes import iou

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Pairs:
    """P pairs of a track and a detection of the same frame that overlap, ordered by track."""

    track: Index
    detection: Index
    frame: Index
    iou: Float64Array

    def where(self, chosen: BoolArray) -> Pairs:
        return Pairs(self.track[chosen], self.detection[chosen], self.frame[chosen], self.iou[chosen])


def overlapping(
    boxes: Float64Array, frames: Index, other_boxes: Float64Array, other_frames: Index, least: float = 0.0
) -> Pairs:
    """All pairs of a box and an other box of the same frame whose IoU is greater than ``least``.

    Boxes are [N, 4] and [M, 4] corners; their frames' positions in the batch, [N] and [M], are ascending.
    """
    first, stop = np.searchsorted(other_frames, (frames, frames + 1))
    left, right = _ranges(first, stop)
    # Most boxes of a frame are apart; two comparisons find that out before anything is computed.
    near = (boxes[left, 0] < other_boxes[right, 2]) & (other_boxes[right, 0] < boxes[left, 2])
    left, right = left[near], right[near]
    overlap = iou(boxes[left], other_boxes[right])
    enough = overlap > least
    left, right = left[enough], right[enough]
    return Pairs(left, right, frames[left], overlap[enough])


def _ranges(first: Index, stop: Index) -> tuple[Index, Index]:
    """The pairs (i, j) for every i and every first[i] <= j < stop[i], ordered by i, then j."""
    counts = stop - first
    left = np.repeat(np.arange(len(counts)), counts)
    begun = np.repeat(np.cumsum(counts) - counts, counts)
    return left, np.arange(len(left)) - begun + first[left]


class Matching:
    """Collects matches over the stages of a cascade; what is matched takes no part in later stages."""

    def __init__(self, tracks: int, detections: int) -> None:
        self.detection_of: Index = np.full(tracks, -1, np.intp)
        """[N] the detection of each track, -1 for none."""
        self.detection_free: BoolArray = np.ones(detections, np.bool_)

    @property
    def track_free(self) -> BoolArray:
        return self.detection_of < 0

    def match(
        self, pairs: Pairs, scores: Float64Array, least: float, tracks: BoolArray, detections: BoolArray
    ) -> None:
        """One stage: match free ``tracks`` with free ``detections`` (masks) for the greatest total score.

        Only pairs that score more than ``least`` can match, and a score counts by how much it exceeds
        ``least``: a pair is never split up for the sake of two matches that hardly pass.
        """
        usable = (tracks & self.track_free)[pairs.track] & (detections & self.detection_free)[pairs.detection]
        usable &= scores > least
        part = pairs.where(usable)
        rows, columns = assign(part.track, part.detection, scores[usable] - least, part.frame)
        self.detection_of[rows] = columns
        self.detection_free[columns] = False
