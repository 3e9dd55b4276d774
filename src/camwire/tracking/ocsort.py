"""OC-SORT: trust what was observed more than what was extrapolated.

Cao et al., "Observation-Centric SORT: Rethinking SORT for Robust Multi-Object Tracking", CVPR 2023
(arXiv:2203.14360). On top of SORT:

- OCM: of two detections that overlap a track alike, the one that lies in the direction of its last
  observations is preferred.
- OCR: a track that no detection met where it was expected is looked for where it was last observed.
- ORU: a track found again after a gap is led along a straight line from its last observation to the new one,
  as if it had been observed all the way, so that what the filter made up in the meantime is undone.

Where this differs from the published implementation: the filter's form and noise are those of the other
trackers here, time is the frames' time, detections of another class never match, a track once
confirmed is reported whenever it is matched, and it has an id only from then on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camwire.frames import BoolArray, Float64Array, Int32Array
from camwire.tracking.association import Matching, Pairs, groups, overlapping
from camwire.tracking.columns import Columns, Rows
from camwire.tracking.engine import Visible
from camwire.tracking.kalman import Motion
from camwire.tracking.motion import HeightScaled
from camwire.tracking.scene import Scene
from camwire.tracking.tracks import Identity


@dataclass(frozen=True, slots=True)
class OcSortParameters:
    """Defaults are the published implementation's, but for the least IoU."""

    least_score: float = 0.6
    """Detections below are ignored."""
    least_iou: float = 0.2
    """Published: 0.3, for 30 frames a second. Cameras often give 5 to 15, and objects move further."""
    direction_weight: float = 0.2
    direction_frames: int = 3
    """A direction is that from the observation so many frames ago to the last one."""
    confirmation_hits: int = 3
    """Matches in consecutive frames that confirm a track."""
    lost_seconds: float = 2.0
    """A track unseen for longer ends (implementation: 30 frames, 1 to 2 s in MOT17)."""


@dataclass(slots=True)
class OcTable(Columns):
    """OC-SORT's tracks; N rows."""

    who: Identity
    motion: Motion
    motion_observed: Motion
    """As it was after the last observation."""
    history: Float64Array
    """[N, direction_frames, 4] corners observed in the last frames, oldest first, NaN where missed."""
    observed: Float64Array
    """[N, 4] corners last observed."""
    direction: Float64Array
    """[N, 2] unit vector of the observed motion, 0 as long as there is none."""
    streak: Int32Array
    """[N] matches in consecutive frames."""
    gap: Int32Array
    """[N] frames since the last observation."""


class OcSort:
    """The algorithm; see :class:`camwire.tracking.engine.Method`."""

    looks_at_pictures = False

    def __init__(self, parameters: OcSortParameters) -> None:
        self._parameters = parameters
        self._estimator = HeightScaled()
        self.patience = parameters.lost_seconds

    def none(self, trace_length: int) -> OcTable:
        return self._tracks(Identity.none(trace_length), np.empty((4, 0)))

    def interrupt(self, table: OcTable, rows: Rows) -> None:
        table.motion.velocity[:, rows] = 0
        table.motion_observed.velocity[:, rows] = 0
        table.history[rows] = np.nan
        table.direction[rows] = 0

    def follow(self, table: OcTable, scene: Scene) -> OcTable:
        self._estimator.predict(table.motion, scene.dt_of(table.who.slot))
        table.gap += 1
        matching = self._match(table, scene)
        rows, detections = matching.matched
        corners = scene.found.boxes.take(detections, axis=1)
        self._lead_back(table, rows, corners, scene)
        self._estimator.correct(table.motion, rows, corners)
        self._observe(table, rows, corners)
        table.who.note(rows, detections, scene)
        table.streak[table.who.missed] = 0
        table.streak[rows] += 1
        table = self._with_born(table, scene, matching.detection_free)
        self._confirm(table, scene)
        return table

    def visible(self, table: OcTable) -> Visible:
        rows = (table.who.confirmed & ~table.who.missed).nonzero()[0]
        position, velocity = table.motion.state[:2].take(rows, axis=2)
        return Visible(rows, self._estimator.corners(position), velocity[:2])

    def _tracks(self, who: Identity, corners: Float64Array) -> OcTable:
        count = len(who)
        history = np.full((count, self._parameters.direction_frames, 4), np.nan)
        history[:, -1] = corners.T
        return OcTable(
            who=who,
            motion=self._estimator.start(corners),
            motion_observed=self._estimator.start(corners),
            history=history,
            observed=corners.T.copy(),
            direction=np.zeros((count, 2)),
            streak=np.ones(count, np.int32),
            gap=np.zeros(count, np.int32),
        )

    def _match(self, table: OcTable, scene: Scene) -> Matching:
        of, found, who = self._parameters, scene.found, table.who
        frame = scene.frame_of(who.slot)
        matching = Matching(frame, len(found))
        group, found_group = groups(frame, who.classes), groups(found.frame, found.classes)
        boxes = self._estimator.corners(table.motion.position)
        pairs = overlapping(boxes, group, found.boxes, found_group, of.least_iou)
        usable = found.weights.take(pairs.detection) >= of.least_score
        # The direction takes at most half its weight away: whatever overlaps enough has a chance.
        least = of.least_iou - of.direction_weight / 2
        score = pairs.iou + of.direction_weight * self._agreement(table, pairs, scene)
        matching.match(pairs, usable, score, least)
        # OCR: what is left is looked for where it was last observed.
        rows = matching.track_free.nonzero()[0]
        left = (matching.detection_free & (found.weights >= of.least_score)).nonzero()[0]
        pairs = overlapping(
            np.ascontiguousarray(table.observed.take(rows, axis=0).T),
            group.take(rows),
            found.boxes.take(left, axis=1),
            found_group.take(left),
            of.least_iou,
        )
        pairs = Pairs(rows.take(pairs.track), left.take(pairs.detection), pairs.iou)
        matching.match(pairs, np.ones(len(pairs), np.bool_), pairs.iou, least)
        return matching

    def _agreement(self, table: OcTable, pairs: Pairs, scene: Scene) -> Float64Array:
        """[P] how well the way to the detection goes on the track's, -1/2 to 1/2, times its score."""
        direction = table.direction.take(pairs.track, axis=0)
        towards = _direction(
            _reference(table).take(pairs.track, axis=0),
            scene.found.boxes.take(pairs.detection, axis=1).T,
        )
        cosine = np.clip((direction * towards).sum(axis=1), -1, 1)
        agreement = 0.5 - np.arccos(cosine) / np.pi
        result: Float64Array = agreement * direction.any(axis=1) * scene.found.weights.take(pairs.detection)
        return result

    def _lead_back(self, table: OcTable, rows: Rows, corners: Float64Array, scene: Scene) -> None:
        """ORU: replay the gap of those of the ``rows`` that have one, observed on the line to ``corners``
        [4, R], up to the last prediction before the new observation."""
        late = (table.gap.take(rows) > 1).nonzero()[0]
        if not len(late):
            return
        rows, corners = rows.take(late), corners.take(late, axis=1)
        motion = table.motion_observed.take(rows)
        steps = table.gap.take(rows)
        who = table.who
        unseen = scene.moment.now.take(scene.frame_of(who.slot.take(rows))) - who.seen.take(rows)
        begin = table.observed.take(rows, axis=0).T
        for step in range(1, int(steps.max()) + 1):
            under_way = (steps >= step).nonzero()[0]
            part = motion.take(under_way)
            self._estimator.predict(part, (unseen / steps).take(under_way))
            inner = (steps.take(under_way) > step).nonzero()[0]
            at = (step / steps).take(under_way).take(inner)
            between = under_way.take(inner)
            line = begin.take(between, axis=1)
            line += at * (corners.take(between, axis=1) - line)
            self._estimator.correct(part, inner, line)
            motion.state[:, :, under_way] = part.state
        table.motion.state[:, :, rows] = motion.state

    def _observe(self, table: OcTable, rows: Rows, corners: Float64Array) -> None:
        """Note where ``rows`` were observed, and that the others were not."""
        seen = np.ascontiguousarray(corners.T)
        table.direction[rows] = _direction(_reference(table).take(rows, axis=0), seen)
        table.history[:, :-1] = table.history[:, 1:]
        table.history[:, -1] = np.nan
        table.history[rows, -1] = seen
        table.observed[rows] = seen
        table.gap[rows] = 0
        table.motion_observed.state[:, :, rows] = table.motion.state[:, :, rows]

    def _with_born(self, table: OcTable, scene: Scene, free: BoolArray) -> OcTable:
        chosen = (free & (scene.found.weights >= self._parameters.least_score)).nonzero()[0]
        if not len(chosen):
            return table
        who = Identity.born(chosen, scene, table.who.trace.shape[1])
        return table.followed_by(self._tracks(who, scene.found.boxes.take(chosen, axis=1)))

    def _confirm(self, table: OcTable, scene: Scene) -> None:
        who = table.who
        who.confirmed |= table.streak >= self._parameters.confirmation_hits
        if np.count_nonzero(scene.moment.first):
            # Nothing earlier could have confirmed what a camera's very first frame shows.
            who.confirmed |= scene.moment.first.take(scene.frame_of(who.slot))


def _reference(table: OcTable) -> Float64Array:
    """[N, 4] the oldest observation in the history, the last one of all where the history has none."""
    reference = table.observed.copy()
    for observed in table.history.swapaxes(0, 1)[::-1]:
        np.copyto(reference, observed, where=np.isfinite(observed))
    return reference


def _direction(begin: Float64Array, end: Float64Array) -> Float64Array:
    """[N, 2] unit vectors between the centres of boxes [N, 4]; 0 where they coincide."""
    way = (end[:, :2] + end[:, 2:] - begin[:, :2] - begin[:, 2:]) / 2
    length = np.hypot(way[:, 0], way[:, 1])[:, None]
    result: Float64Array = np.divide(way, length, out=np.zeros_like(way), where=length > 0)
    return result
