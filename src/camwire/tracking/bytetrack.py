"""ByteTrack: every detection counts, even a weak one.

Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022
(arXiv:2110.06864), with the constants of its published implementation where the paper gives none. A frame's
detections are matched in three stages: strong ones with the tracks (lost ones too), weak ones with what
remains of the tracks that were matched in the frame before, strong ones left over with tracks on probation.
What is then left of the strong ones begins new tracks.

Where this differs from the published implementation:

- Motion, its uncertainty and the patience with lost tracks go by the frames' time, not by their number.
- Detections of another class never match a track.
- A track has an id only once it is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camwire.frames import Batch, BoolArray, Detections, Tracks
from camwire.tracking.association import Matching, overlapping
from camwire.tracking.boxes import corners_of_xyah, xyah_of
from camwire.tracking.cameras import Cameras, Moment
from camwire.tracking.candidates import Candidates, Sieve
from camwire.tracking.columns import Columns
from camwire.tracking.kalman import Motion
from camwire.tracking.motion import HeightNoise
from camwire.tracking.tracks import Identity, report

ROUNDING = 1e-6
"""Seconds; what adding up a clock may be wrong by."""


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
    lost_seconds: float = 1.0
    """A track unseen for longer ends (implementation: 30 frames)."""
    duplicate_iou: float = 0.85
    """Of a lost and a seen track that overlap more, the younger ends."""


@dataclass(slots=True)
class _Table(Columns):
    """All tracks of all cameras."""

    who: Identity
    motion: Motion


class ByteTrack:
    """Follows the objects of all cameras. Not for use by two threads at the same time."""

    def __init__(self, parameters: ByteTrackParameters, trace_length: int) -> None:
        self._parameters = parameters
        self._trace_length = trace_length
        self._noise = HeightNoise()
        self._cameras = Cameras()
        self._sieve = Sieve()
        self._table = _Table(Identity.none(trace_length), self._noise.start(np.empty((0, 4))))

    def step(self, batch: Batch, detections: Detections) -> Tracks:
        """See :class:`camwire.tracking.contract.Tracker`."""
        if not batch.frames:
            return Tracks.empty(self._trace_length)
        moment = self._cameras.advance(batch.frames)
        found = self._sieve(batch, detections)
        elsewhere, table = self._split(moment)
        self._predict(table, moment)
        matching = self._match(table, found, moment)
        self._correct(table, found, moment, matching)
        table = table.take(np.flatnonzero(self._lives_on(table, moment)))
        table = self._with_births(table, found, moment, matching.detection_free)
        self._confirm(table.who, moment)
        tracks = _reported(table, moment)
        self._table = elsewhere.followed_by(table)
        return tracks

    def forget(self, camera: str) -> None:
        """See :class:`camwire.tracking.contract.Tracker`."""
        slot = self._cameras.forget(camera)
        if slot is not None:
            self._table = self._table.take(np.flatnonzero(self._table.who.slot != slot))

    def _split(self, moment: Moment) -> tuple[_Table, _Table]:
        """The tracks of cameras that aren't in the batch, and those of the others, grouped by frame."""
        who = self._table.who
        frame = moment.position[who.slot]
        unseen = moment.now[frame] - who.seen
        ended = (frame >= 0) & (moment.resized[frame] | (unseen > self._parameters.lost_seconds + ROUNDING))
        order = np.argsort(frame, kind="stable")
        order = order[~ended[order]]
        first = np.searchsorted(frame[order], 0)
        return self._table.take(order[:first]), self._table.take(order[first:])

    def _predict(self, table: _Table, moment: Moment) -> None:
        frame = moment.position[table.who.slot]
        interrupted = np.flatnonzero(moment.interrupted[frame])
        if len(interrupted):
            table.who.interrupt(interrupted)
            table.motion.velocity[interrupted] = 0
        # A lost box goes on moving, but must not go on growing or shrinking (published implementation).
        table.motion.velocity[table.who.missed, 3] = 0
        self._noise.predict(table.motion, moment.dt[frame])

    def _match(self, table: _Table, found: Candidates, moment: Moment) -> Matching:
        of, who = self._parameters, table.who
        boxes = corners_of_xyah(table.motion.position)
        pairs = overlapping(boxes, moment.position[who.slot], found.boxes, found.frame)
        pairs = pairs.where(who.classes[pairs.track] == found.classes[pairs.detection])
        similarity = pairs.iou * found.scores[pairs.detection]
        strong = found.scores >= of.high_score
        weak = ~strong & (found.scores >= of.low_score)
        matching = Matching(len(who), len(found))
        matching.match(pairs, similarity, of.least_similarity, who.confirmed, strong)
        matching.match(pairs, pairs.iou, of.least_iou_weak, who.confirmed & ~who.missed, weak)
        matching.match(pairs, similarity, of.least_similarity_new, ~who.confirmed, strong)
        return matching

    def _correct(self, table: _Table, found: Candidates, moment: Moment, matching: Matching) -> None:
        rows = np.flatnonzero(~matching.track_free)
        detections = matching.detection_of[rows]
        self._noise.correct(table.motion, rows, xyah_of(found.boxes[detections]))
        table.who.note(rows, detections, found, moment)

    def _lives_on(self, table: _Table, moment: Moment) -> BoolArray:
        """[N] all but unconfirmed ones that missed and the younger of a lost and a seen one that coincide."""
        who = table.who
        lives = who.confirmed | ~who.missed
        lost, seen = np.flatnonzero(lives & who.missed), np.flatnonzero(lives & ~who.missed)
        boxes, frame = corners_of_xyah(table.motion.position), moment.position[who.slot]
        twins = overlapping(
            boxes[lost], frame[lost], boxes[seen], frame[seen], self._parameters.duplicate_iou
        )
        old, new = lost[twins.track], seen[twins.detection]
        lives[np.where(who.ages[old] > who.ages[new], new, old)] = False
        return lives

    def _with_births(self, table: _Table, found: Candidates, moment: Moment, free: BoolArray) -> _Table:
        """The table with a track for every strong detection left over, grouped by frame again."""
        chosen = np.flatnonzero(free & (found.scores >= self._parameters.new_track_score))
        who = Identity.born(found, chosen, moment, self._trace_length)
        table = table.followed_by(_Table(who, self._noise.start(xyah_of(found.boxes[chosen]))))
        return table.take(np.argsort(moment.position[table.who.slot], kind="stable"))

    def _confirm(self, who: Identity, moment: Moment) -> None:
        """Give ids; in a camera's very first frame at once, as nothing earlier could have confirmed them."""
        enough = who.hits >= self._parameters.confirmation_hits
        rows = np.flatnonzero(~who.confirmed & (enough | moment.first[moment.position[who.slot]]))
        who.ids[rows] = self._cameras.new_ids(who.slot[rows])


def _reported(table: _Table, moment: Moment) -> Tracks:
    """What was seen in this frame and is confirmed."""
    rows = np.flatnonzero(table.who.confirmed & ~table.who.missed)
    boxes = corners_of_xyah(table.motion.position[rows])
    return report(
        table.who, rows, moment.position[table.who.slot[rows]], boxes, table.motion.velocity[rows, :2]
    )
