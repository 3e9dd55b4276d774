"""Target management and association of DeepStream's multi-object tracker.

Written from its documentation (the Gst-nvtracker page and the tuning guide); NVIDIA's library is closed, so
results are alike in kind and not in every box. A target is on probation first; then it is active and
reported; without detections it goes on in the shadow, unreported, unless a visual tracker still sees it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camwire.frames import BoolArray, Float64Array, Int32Array
from camwire.tracking.association import Matching, Pairs, groups, overlapping
from camwire.tracking.boxes import areas
from camwire.tracking.columns import Columns, Rows
from camwire.tracking.engine import Visible
from camwire.tracking.kalman import Motion
from camwire.tracking.motion import Estimator
from camwire.tracking.nvtracker.dcf import Filters
from camwire.tracking.nvtracker.parameters import Matcher, NvTrackerParameters
from camwire.tracking.nvtracker.pictures import Plane
from camwire.tracking.nvtracker.visual import Sight, Visual
from camwire.tracking.scene import Scene
from camwire.tracking.tracks import Identity

SLOWEST = 5.0
"""Ages are counted in frames, but a target doesn't wait longer than its frames last at this rate."""

FADING = 0.6
"""What remains of a visual tracker's certainty each time that the detector looks and disagrees."""
COVERED_IOU = 0.3
"""From this overlap with a detected target on, what an undetected one sees is that target."""


@dataclass(slots=True)
class Targets(Columns):
    """The targets of the cameras; N rows."""

    who: Identity
    motion: Motion
    shadow: Int32Array
    """[N] frames since the detector first looked for the target in vain, 0 since it last found it."""
    refuted: Int32Array
    """[N] how often the detector looked for the target in vain since it last found it."""
    silent: BoolArray
    """[N] not seen when the detector looked last, which is not to change before it looks again."""
    certainty: Float64Array
    """[N] of the visual tracker that it sees the target in this frame, 0 to 1; 0 without one."""
    filters: Filters
    """What the visual tracker knows of the targets' looks; without one, filters of no channels."""


class NvTracker:
    """The algorithm; see :class:`camwire.tracking.engine.Method`."""

    def __init__(
        self, parameters: NvTrackerParameters, estimator: Estimator, visual: Visual | None = None
    ) -> None:
        self._target = parameters.target_management
        self._data = parameters.data_associator
        self._least_score = parameters.base_config.min_detector_confidence
        self._least = np.array(
            [
                self._data.min_matching_score_4_overall,
                self._data.min_matching_score_4_tentative_iou,
                self._data.min_matching_score_4_iou,
            ]
        )
        self._estimator = estimator
        self._visual = visual
        of = parameters.state_estimator
        self._noise_of_sight = of.measurement_noise_var_4_tracker / of.measurement_noise_var_4_detector
        self.patience = self._target.max_shadow_tracking_age / SLOWEST
        self.looks_at_pictures = visual is not None

    def none(self, trace_length: int) -> Targets:
        return self._targets(Identity.none(trace_length), np.empty((4, 0)))

    def interrupt(self, table: Targets, rows: Rows) -> None:
        table.motion.velocity[:, rows] = 0

    def follow(self, table: Targets, scene: Scene) -> Targets:
        self._estimator.predict(table.motion, scene.dt_of(table.who.slot))
        pictures = self._visual.open(scene.frames) if self._visual else []
        sight = self._look(table, scene, pictures)
        matching = self._match(table, scene, sight)
        rows, detections = matching.matched
        self._estimator.correct(table.motion, rows, scene.found.boxes.take(detections, axis=1))
        table.who.note(rows, detections, scene)
        looked = scene.looked_at(table.who.slot)
        # Once the detector has missed a target, the frames that it doesn't look at count too.
        table.shadow += looked | (table.shadow > 0)
        table.shadow[rows] = 0
        if self._visual:
            table.refuted += looked
            table.refuted[rows] = 0
            self._doubt(table, scene, looked)
        table = self._without_ended(table)
        table = self._with_born(table, scene, matching.detection_free)
        table.who.confirmed |= table.who.ages >= self._target.probation_age
        self._learn(table, scene, pictures)
        return table

    def visible(self, table: Targets) -> Visible:
        rows = (table.who.confirmed & self._seen(table)).nonzero()[0]
        position, velocity = table.motion.state[:2].take(rows, axis=2)
        return Visible(rows, self._estimator.corners(position), velocity[:2])

    def _seen(self, table: Targets) -> BoolArray:
        """[N] by the detector or, where there is a visual tracker, surely enough by that."""
        if self._visual is None:
            return ~table.who.missed
        certain = table.certainty >= self._target.min_tracker_confidence
        return (table.who.detection >= 0) | certain

    def _targets(self, who: Identity, corners: Float64Array) -> Targets:
        count = len(who)
        return Targets(
            who=who,
            motion=self._estimator.start(corners),
            shadow=np.zeros(count, np.int32),
            refuted=np.zeros(count, np.int32),
            silent=np.zeros(count, np.bool_),
            certainty=np.zeros(count),
            filters=self._visual.blank(count) if self._visual else Filters.none(count),
        )

    def _look(self, table: Targets, scene: Scene, pictures: list[tuple[Plane, ...]]) -> Sight | None:
        """Look for the targets and take in where those are that are seen surely enough."""
        if self._visual is None or not len(table):
            return None
        boxes = self._estimator.corners(table.motion.position)
        sight = self._visual.look(table.filters, boxes, scene.frame_of(table.who.slot), pictures)
        table.certainty[:] = sight.certainty
        rows = (sight.certainty >= self._target.min_tracker_confidence).nonzero()[0]
        moved = sight.centres - sight.origin
        seen = boxes + np.concatenate((moved, moved))
        # The less sure, the less exact: the peak of a target half hidden is pulled aside.
        noise = self._noise_of_sight / sight.certainty.take(rows) ** 2
        self._estimator.correct(table.motion, rows, seen.take(rows, axis=1), noise)
        return sight

    def _doubt(self, table: Targets, scene: Scene, looked: BoolArray | bool) -> None:
        """Take from the certainty of the visual tracker what the detector, where it ``looked``, denies."""
        table.certainty *= FADING**table.refuted
        self._doubt_covered(table, scene)
        table.silent = np.where(looked, ~self._seen(table), table.silent & (table.who.detection < 0))
        table.certainty[table.silent] = 0

    def _doubt_covered(self, table: Targets, scene: Scene) -> None:
        """What an undetected target sees where another target was detected is that other target."""
        alone, covering = (table.who.detection < 0).nonzero()[0], (table.who.detection >= 0).nonzero()[0]
        boxes = self._estimator.corners(table.motion.position)
        group, _ = self._groups(table.who, scene)
        covered = overlapping(
            boxes.take(alone, axis=1),
            group.take(alone),
            boxes.take(covering, axis=1),
            group.take(covering),
            COVERED_IOU,
        )
        table.certainty[alone.take(covered.track)] = 0

    def _learn(self, table: Targets, scene: Scene, pictures: list[tuple[Plane, ...]]) -> None:
        """Learn new targets' looks at once, and others' as far as it is sure that they are there."""
        if self._visual is None:
            return
        matched = table.who.detection >= 0
        unwatched = ~matched & self._seen(table) & ~np.asarray(scene.looked_at(table.who.slot))
        rate = self._visual.rate * np.where(matched, 1.0, np.where(unwatched, table.certainty, 0.0))
        rate[table.who.ages == 0] = 1.0
        boxes = self._estimator.corners(table.motion.position)
        self._visual.learn(table.filters, boxes, scene.frame_of(table.who.slot), pictures, rate)

    def _groups(self, who: Identity, scene: Scene) -> tuple[Rows, Rows]:
        """What may meet: the groups of the targets and those of the detections."""
        frame, found = scene.frame_of(who.slot), scene.found
        if not self._data.check_class_match:
            return frame, found.frame
        return groups(frame, who.classes), groups(found.frame, found.classes)

    def _match(self, table: Targets, scene: Scene, sight: Sight | None) -> Matching:
        of, found, who = self._data, scene.found, table.who
        boxes = self._estimator.corners(table.motion.position)
        matching = Matching(scene.frame_of(who.slot), len(found))
        target_groups, detection_groups = self._groups(who, scene)
        pairs = overlapping(boxes, target_groups, found.boxes, detection_groups)
        pairs = pairs.where(found.weights.take(pairs.detection) >= self._least_score)
        score, valid = self._scores(pairs, boxes, found.boxes, sight)
        if of.association_matcher_type is Matcher.GREEDY:
            matching.match_greedily(pairs, valid, score, of.min_matching_score_4_overall)
            return matching
        strong = found.weights.take(pairs.detection) >= of.tentative_detector_confidence
        confirmed, active = who.confirmed.take(pairs.track), ~who.missed.take(pairs.track)
        # Confirmed targets take strong detections first, active ones then weak ones; new ones come last.
        stage = np.where(confirmed, ~strong, 2)
        usable = np.where(confirmed, np.where(strong, valid, active), strong)
        gain = np.where(confirmed & strong, score, pairs.iou)
        gain -= self._least.take(stage)
        matching.match_cascade(pairs, usable, stage, gain)
        return matching

    def _scores(
        self, pairs: Pairs, boxes: Float64Array, found: Float64Array, sight: Sight | None
    ) -> tuple[Float64Array, BoolArray]:
        """[P] the weighted sums of the pairs' scores, and whether each score is high enough by itself."""
        of = self._data
        own, other = areas(boxes).take(pairs.track), areas(found).take(pairs.detection)
        size = np.minimum(own, other) / np.maximum(own, other)
        valid = pairs.iou >= of.min_matching_score_4_iou
        valid &= size >= of.min_matching_score_4_size_similarity
        score = of.matching_score_weight_4_iou * pairs.iou + of.matching_score_weight_4_size_similarity * size
        if sight is not None:
            looks = sight.similarity(pairs, found)
            valid &= looks >= of.min_matching_score_4_visual_similarity
            score += of.matching_score_weight_4_visual_similarity * looks
        return score, valid

    def _without_ended(self, table: Targets) -> Targets:
        limit = np.where(
            table.who.confirmed, self._target.max_shadow_tracking_age + 1, self._target.early_termination_age
        )
        lives = table.shadow < limit
        return table if lives.all() else table.take(lives.nonzero()[0])

    def _with_born(self, table: Targets, scene: Scene, free: BoolArray) -> Targets:
        """The table with a target for each strong detection left over that is far enough from the others."""
        found, of = scene.found, self._data
        cascaded = of.association_matcher_type is Matcher.CASCADED
        least = max(self._least_score, of.tentative_detector_confidence if cascaded else 0.0)
        chosen = (free & (found.weights >= least)).nonzero()[0]
        if not len(chosen):
            return table
        boxes = self._estimator.corners(table.motion.position)
        target_groups, detection_groups = self._groups(table.who, scene)
        near = overlapping(
            found.boxes.take(chosen, axis=1),
            detection_groups.take(chosen),
            boxes,
            target_groups,
            self._target.min_iou_diff_4_new_target,
        )
        chosen = np.delete(chosen, near.track)
        chosen = chosen[self._has_room(table.who, scene, chosen)]
        who = Identity.born(chosen, scene, table.who.trace.shape[1])
        return table.followed_by(self._targets(who, found.boxes.take(chosen, axis=1)))

    def _has_room(self, who: Identity, scene: Scene, chosen: Rows) -> BoolArray:
        """Which of the new targets the limit of targets a camera leaves room for; the surest go first."""
        frame, scores = scene.found.frame.take(chosen), scene.found.weights.take(chosen)
        cameras = len(scene.frames)
        room = self._target.max_targets_per_stream - np.bincount(scene.frame_of(who.slot), minlength=cameras)
        order = np.lexsort((-scores, frame))
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order)) - frame.searchsorted(frame)[order]
        result: BoolArray = rank < room.take(frame)
        return result
