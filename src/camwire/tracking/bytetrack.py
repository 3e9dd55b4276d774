"""ByteTrack: every detection counts, even a weak one.

Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022
(arXiv:2110.06864), with the constants of its published implementation where the paper gives none. A frame's
detections are matched in three stages: strong ones with the tracks (lost ones too), weak ones with what
remains of the tracks that were matched in the frame before, strong ones left over with tracks on probation.
What is then left of the strong ones begins new tracks.

Where this differs from the published implementation:

- The Kalman filter's noise is that of DeepStream's NvSORT preset, which NVIDIA tuned.
- Motion, its uncertainty and the patience with lost tracks go by the frames' time, not by their number.
- Detections of another class never match a track.
- A track has an id only once it is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camwire.frames import BoolArray
from camwire.tracking.association import Matching, groups, overlapping
from camwire.tracking.cameras import Moment
from camwire.tracking.columns import Columns, Rows
from camwire.tracking.engine import Visible
from camwire.tracking.kalman import Motion
from camwire.tracking.motion import HeightScaled
from camwire.tracking.scene import Scene
from camwire.tracking.tracks import Identity


@dataclass(frozen=True, slots=True)
class ByteTrackParameters:
    """Defaults are the published implementation's, for MOT17 at 30 frames a second."""

    high_score: float = 0.6
    """Detections from this score on are strong (paper, section 4.1)."""
    low_score: float = 0.1
    """Weak detections below this score are ignored."""
    new_track_score: float = 0.7
    """Only detections from this score on begin tracks (implementation: high score + 0.1)."""
    least_similarity: float = 0.2
    """First stage: IoU × score has to exceed it."""
    least_iou_weak: float = 0.5
    """Second stage: IoU has to exceed it."""
    least_similarity_new: float = 0.3
    """Third stage: IoU × score has to exceed it."""
    confirmation_hits: int = 2
    """Matches in consecutive frames that confirm a track, its first detection included."""
    lost_seconds: float = 2.0
    """A track unseen for longer ends (implementation: 30 frames, 1 to 2 s in MOT17)."""
    duplicate_iou: float = 0.85
    """Of a lost and a seen track that overlap more, the younger ends."""


@dataclass(slots=True)
class ByteTable(Columns):
    """ByteTrack's tracks."""

    who: Identity
    motion: Motion


class ByteTrack:
    """The algorithm; see :class:`camwire.tracking.engine.Method`."""

    looks_at_pictures = False

    def __init__(self, parameters: ByteTrackParameters) -> None:
        self._parameters = parameters
        self._estimator = HeightScaled()
        self._least = np.array(
            [parameters.least_similarity, parameters.least_iou_weak, parameters.least_similarity_new]
        )
        self.patience = parameters.lost_seconds

    def none(self, trace_length: int) -> ByteTable:
        return ByteTable(Identity.none(trace_length), self._estimator.start(np.empty((4, 0))))

    def interrupt(self, table: ByteTable, rows: Rows) -> None:
        table.motion.velocity[:, rows] = 0

    def follow(self, table: ByteTable, scene: Scene) -> ByteTable:
        self._predict(table, scene)
        matching = self._match(table, scene)
        rows, detections = matching.matched
        self._estimator.correct(table.motion, rows, scene.found.boxes.take(detections, axis=1))
        table.who.note(rows, detections, scene)
        table = self._without_ended(table, scene)
        table = self._with_born(table, scene, matching.detection_free)
        self._confirm(table.who, scene.moment)
        return table

    def visible(self, table: ByteTable) -> Visible:
        rows = (table.who.confirmed & ~table.who.missed).nonzero()[0]
        position, velocity = table.motion.state[:2].take(rows, axis=2)
        return Visible(rows, self._estimator.corners(position), velocity[:2])

    def _predict(self, table: ByteTable, scene: Scene) -> None:
        # A lost box goes on moving, but must not go on growing or shrinking (published implementation).
        table.motion.velocity[3, table.who.missed] = 0
        self._estimator.predict(table.motion, scene.dt_of(table.who.slot))

    def _match(self, table: ByteTable, scene: Scene) -> Matching:
        of, who, found = self._parameters, table.who, scene.found
        frame = scene.frame_of(who.slot)
        matching = Matching(frame, len(found))
        pairs = overlapping(
            self._estimator.corners(table.motion.position),
            groups(frame, who.classes),
            found.boxes,
            groups(found.frame, found.classes),
        )
        score = found.weights.take(pairs.detection)
        confirmed = who.confirmed.take(pairs.track)
        weak = score < of.high_score
        # Tracks on probation come last, and no weak detection is for them or for lost tracks.
        stage = np.where(confirmed, weak, 2)
        usable = ~weak
        usable |= (score >= of.low_score) & (who.confirmed & ~who.missed).take(pairs.track)
        gain = pairs.iou * np.where(weak, 1.0, score)
        gain -= self._least.take(stage)
        matching.match_cascade(pairs, usable, stage, gain)
        return matching

    def _without_ended(self, table: ByteTable, scene: Scene) -> ByteTable:
        """The table without unconfirmed tracks that missed, and without the younger of a lost and a seen
        track that coincide."""
        who = table.who
        if not np.count_nonzero(who.missed):
            return table
        lives = who.confirmed | ~who.missed
        lost, seen = (lives & who.missed).nonzero()[0], (~who.missed).nonzero()[0]
        boxes = self._estimator.corners(table.motion.position)
        group = groups(scene.frame_of(who.slot), who.classes)
        twins = overlapping(
            boxes[:, lost], group[lost], boxes[:, seen], group[seen], self._parameters.duplicate_iou
        )
        old, new = lost[twins.track], seen[twins.detection]
        lives[np.where(who.ages[old] > who.ages[new], new, old)] = False
        return table if lives.all() else table.take(lives.nonzero()[0])

    def _with_born(self, table: ByteTable, scene: Scene, free: BoolArray) -> ByteTable:
        """The table with a new track for every strong detection left over."""
        chosen = (free & (scene.found.weights >= self._parameters.new_track_score)).nonzero()[0]
        if not len(chosen):
            return table
        who = Identity.born(chosen, scene, table.who.trace.shape[1])
        motion = self._estimator.start(scene.found.boxes.take(chosen, axis=1))
        return table.followed_by(ByteTable(who, motion))

    def _confirm(self, who: Identity, moment: Moment) -> None:
        who.confirmed |= who.hits >= self._parameters.confirmation_hits
        if np.count_nonzero(moment.first):
            # Nothing earlier could have confirmed what a camera's very first frame shows.
            who.confirmed |= moment.first.take(moment.frame_of(who.slot))
