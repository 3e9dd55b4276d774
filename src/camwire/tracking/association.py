"""Which tracks and detections may belong together, and which do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camwire.frames import BoolArray, Float64Array, Int32Array
from camwire.tracking.assignment import assign, assign_greedily
from camwire.tracking.boxes import areas, common_areas
from camwire.tracking.columns import Rows

FARTHEST = 4e6
"""Pixels; boxes beyond are found all the same, but not quickly."""

CLASSES = 1 << 12
"""More than any model has."""

STAGE_WEIGHTS = np.array([1.0, 1e-5, 1e-10])
"""Of the gains of a cascade's stages: an earlier stage's differences outweigh all of a later one's."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """P pairs of a track and a detection that overlap, ordered by track."""

    track: Rows
    detection: Rows
    iou: Float64Array

    def __len__(self) -> int:
        return len(self.track)

    def where(self, chosen: BoolArray) -> Pairs:
        return Pairs(self.track[chosen], self.detection[chosen], self.iou[chosen])


def overlapping(
    boxes: Float64Array, groups: Rows, others: Float64Array, other_groups: Rows, least: float = 0.0
) -> Pairs:
    """All pairs of a box and an other box of the same group whose IoU is greater than ``least``.

    Boxes are [4, N] and [4, M] corners; groups, [N] and [M] numbers from 0, are of those that may meet (one
    frame's, one class's). Sorted by their left edges, the others that a box can reach lie side by side, so
    far fewer pairs than N × M are looked at, and groups of very different sizes cost nothing extra.
    """
    if not (len(groups) and len(other_groups)):
        return Pairs(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))
    # Every group gets a stretch of the x axis of its own. The pixel to spare makes up for rounding.
    edges = np.concatenate((others[0], boxes[0] - ((others[2] - others[0]).max() + 1), boxes[2] + 1))
    np.maximum(np.minimum(edges, FARTHEST, out=edges), -FARTHEST, out=edges)
    edges += np.concatenate((other_groups, groups, groups)) * (4 * FARTHEST)
    count, end = len(other_groups), len(other_groups) + len(groups)
    order = edges[:count].argsort(kind="stable")
    left_edges = edges.take(order)
    first = left_edges.searchsorted(edges[count:end])
    stop = left_edges.searchsorted(edges[end:], side="right")
    near, position = _ranges(first, stop)
    other = order.take(position)
    common = common_areas(boxes.take(near, axis=1), others.take(other, axis=1))
    union = areas(boxes).take(near)
    union += areas(others).take(other)
    union -= common
    iou = np.divide(common, union, out=common)
    enough = (iou > least).nonzero()[0]
    return Pairs(near.take(enough), other.take(enough), iou.take(enough))


def groups(frame: Rows, classes: Int32Array | None = None) -> Rows:
    """What may meet: what is in the same frame and, where classes are given, of the same class."""
    return frame if classes is None else frame * CLASSES + (classes & (CLASSES - 1))


def _ranges(first: Rows, stop: Rows) -> tuple[Rows, Rows]:
    """The pairs (i, j) for every i and every first[i] <= j < stop[i], ordered by i, then j."""
    counts = stop - first
    ends = counts.cumsum()
    i = np.arange(len(counts)).repeat(counts)
    j = np.arange(len(i))
    j += (first - ends + counts).take(i)
    return i, j


class Matching:
    """Collects matches over the stages of a cascade; what is matched takes no part in later stages."""

    def __init__(self, frame_of_track: Rows, detections: int) -> None:
        """For tracks with the given frames, [N] ascending, and so many detections."""
        self._frame_of_track = frame_of_track
        self.detection_of: Rows = np.full(len(frame_of_track), -1, np.intp)
        """[N] the detection of each track, -1 for none."""
        self.track_free: BoolArray = np.ones(len(frame_of_track), np.bool_)
        self.detection_free: BoolArray = np.ones(detections, np.bool_)
        self._begun = False

    def match(self, pairs: Pairs, usable: BoolArray, scores: Float64Array, least: float) -> None:
        """One stage: match what is still free in the ``usable`` pairs, [P], for the greatest total score.

        Only pairs that score more than ``least`` can match, and a score counts by how much it exceeds
        ``least``: a good pair is never split up for the sake of two matches that hardly pass.
        """
        chosen, track, detection = self._free(pairs, usable & (scores > least))
        if len(chosen):
            self._take(*assign(track, detection, scores.take(chosen) - least, self._frame_of_track))

    def match_cascade(self, pairs: Pairs, usable: BoolArray, stage: Rows, gains: Float64Array) -> None:
        """Up to three stages in one: match the ``usable`` pairs, [P], each of which belongs to one ``stage``.

        Stage 0 is matched for the greatest total gain, stage 1 among what that leaves, then stage 2. Only
        gains above 0 count; they are at most about 1.
        """
        chosen = (usable & (gains > 0)).nonzero()[0]
        if len(chosen):
            weighted = gains.take(chosen)
            weighted *= STAGE_WEIGHTS.take(stage.take(chosen))
            track, detection = pairs.track.take(chosen), pairs.detection.take(chosen)
            self._take(*assign(track, detection, weighted, self._frame_of_track))

    def match_greedily(self, pairs: Pairs, usable: BoolArray, scores: Float64Array, least: float) -> None:
        """One stage: match what is still free in the ``usable`` pairs, [P], best score first."""
        chosen, track, detection = self._free(pairs, usable & (scores >= least))
        if len(chosen):
            self._take(*assign_greedily(track, detection, scores.take(chosen)))

    def _free(self, pairs: Pairs, usable: BoolArray) -> tuple[Rows, Rows, Rows]:
        """The positions of the usable pairs both ends of which are free, and those ends."""
        chosen = usable.nonzero()[0]
        track, detection = pairs.track.take(chosen), pairs.detection.take(chosen)
        if self._begun:
            free = (self.track_free.take(track) & self.detection_free.take(detection)).nonzero()[0]
            chosen, track, detection = chosen.take(free), track.take(free), detection.take(free)
        return chosen, track, detection

    def _take(self, tracks: Rows, detections: Rows) -> None:
        self.detection_of[tracks] = detections
        self.track_free[tracks] = False
        self.detection_free[detections] = False
        self._begun = True

    @property
    def matched(self) -> tuple[Rows, Rows]:
        """The matched tracks, ascending, and their detections."""
        tracks = (~self.track_free).nonzero()[0]
        return tracks, self.detection_of.take(tracks)
