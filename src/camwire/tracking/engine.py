"""What all trackers have in common: cameras that come and go, time, ids and results.

A :class:`Method` is one algorithm. It is given the tracks of the batch's cameras and what was found in
their frames, and says how the tracks go on; the :class:`Engine` around it keeps the books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

import numpy as np

from camwire.frames import Batch, BoolArray, Detections, Float64Array, Tracks
from camwire.tracking.cameras import Cameras, Moment
from camwire.tracking.candidates import Sieve
from camwire.tracking.columns import Rowed, Rows
from camwire.tracking.scene import Scene
from camwire.tracking.tracks import Identity, report

ROUNDING = 1e-6
"""Seconds; what adding up a clock may be wrong by."""


class Table(Rowed, Protocol):
    """An algorithm's tracks: at least who they are."""

    who: Identity


T = TypeVar("T", bound=Table)


class IdReset(Enum):
    """What ends a camera's tracks besides time: DeepStream's tracking-id-reset-mode."""

    NEVER = "never"
    """Nothing: after an interruption tracks go on from where they were, at rest, if their time isn't over."""
    ON_RECONNECT = "on_reconnect"
    """A lost connection; new ids go on counting."""
    ON_EOS = "on_eos"
    """The end of a file; ids begin at 1 again."""


@dataclass(frozen=True, slots=True)
class Visible:
    """Which tracks to report, R of a table's rows."""

    rows: Rows
    """[R] ascending."""
    boxes: Float64Array
    """[4, R] corners."""
    velocities: Float64Array
    """[2, R] pixels per second."""


class Method(Protocol[T]):
    """A tracking algorithm. It has no state but in its table."""

    patience: float
    """Seconds after which a track that wasn't matched ends."""
    looks_at_pictures: bool
    """Whether it reads ``Frame.picture``."""

    def none(self, trace_length: int) -> T:
        """A table without tracks."""

    def interrupt(self, table: T, rows: Rows) -> None:
        """The connection to these tracks' cameras was interrupted, so they may have gone anywhere."""

    def follow(self, table: T, scene: Scene) -> T:
        """Advance the table by one frame of each of its cameras. Its rows are grouped by frame; those of the
        result may be in any order in which older tracks of a camera come before newer ones."""

    def visible(self, table: T) -> Visible:
        """What is to be reported of a table that :meth:`follow` returned."""


class Engine(Generic[T]):
    """A tracker (see :class:`camwire.tracking.contract.Tracker`) that follows objects by a method."""

    def __init__(self, method: Method[T], trace_length: int, id_reset: IdReset = IdReset.NEVER) -> None:
        self._method = method
        self._id_reset = id_reset
        self._trace_length = trace_length
        self._cameras = Cameras()
        self._sieve = Sieve()
        self._table = method.none(trace_length)

    @property
    def looks_at_pictures(self) -> bool:
        """Whether boxes alone won't do."""
        return self._method.looks_at_pictures

    @property
    def rejected(self) -> int:
        """How many invalid boxes were left out so far."""
        return self._sieve.rejected

    def step(self, batch: Batch, detections: Detections) -> Tracks:
        """See :meth:`camwire.tracking.contract.Tracker.step`."""
        if not batch.frames:
            return Tracks.empty(self._trace_length)
        moment = self._cameras.advance(batch.frames)
        scene = Scene(batch.frames, moment, self._sieve(batch, detections), detections.detected)
        elsewhere, table = self._split(moment)
        table = _grouped(self._method.follow(table, scene), moment)
        self._give_ids(table.who)
        visible = self._method.visible(table)
        frame = moment.frame_of(table.who.slot.take(visible.rows))
        tracks = report(table.who, visible.rows, frame, visible.boxes, visible.velocities)
        self._table = table if elsewhere is None else elsewhere.followed_by(table)
        return tracks

    def forget(self, camera: str) -> None:
        """See :meth:`camwire.tracking.contract.Tracker.forget`."""
        slot = self._cameras.forget(camera)
        if slot is not None:
            self._table = self._table.take(np.flatnonzero(self._table.who.slot != slot))

    @property
    def pid(self) -> None:
        """See :attr:`camwire.tracking.contract.Tracker.pid`."""

    def close(self) -> None:
        """See :meth:`camwire.tracking.contract.Tracker.close`; there is nothing to give up."""

    def last_ids(self, cameras: Sequence[str]) -> list[int]:
        """The id that was given last in each of the cameras, which have been in a batch; 0 for none."""
        return self._cameras.last_ids(cameras)

    def go_on_from(self, last_ids: Mapping[str, int]) -> None:
        """Give the cameras no ids up to these; for a tracker that has seen none of them yet."""
        self._cameras.go_on_from(last_ids)

    def _split(self, moment: Moment) -> tuple[T | None, T]:
        """The tracks of cameras that aren't in the batch, None for none, and those of the others that may
        go on, grouped by frame."""
        elsewhere, table = None, self._table
        frame = moment.frame_of(table.who.slot)
        if not _ascending(frame):
            order = frame.argsort(kind="stable")
            frame = frame.take(order)
            absent = int(frame.searchsorted(0))
            elsewhere, table = table.take(order[:absent]), table.take(order[absent:])
            frame = frame[absent:]
        ended = moment.now.take(frame) - table.who.seen > self._method.patience + ROUNDING
        ends = moment.resized | self._reset(moment)
        if np.count_nonzero(ends):
            ended |= ends.take(frame)
        if np.count_nonzero(ended):
            alive = (~ended).nonzero()[0]
            table, frame = table.take(alive), frame.take(alive)
        if np.count_nonzero(moment.interrupted):
            rows = moment.interrupted.take(frame).nonzero()[0]
            # What lies before an interruption isn't the way to what comes after.
            table.who.trace[rows] = np.nan
            self._method.interrupt(table, rows)
        return elsewhere, table

    def _reset(self, moment: Moment) -> BoolArray:
        """[F] frames before which the camera's tracks end because of ``id_reset``; its ids, too."""
        if self._id_reset is IdReset.ON_RECONNECT:
            return moment.interrupted & ~moment.rewound
        if self._id_reset is IdReset.ON_EOS:
            self._cameras.restart_ids(moment.slots[moment.rewound])
            return moment.rewound
        return np.zeros(len(moment.slots), np.bool_)

    def _give_ids(self, who: Identity) -> None:
        rows = (who.confirmed & (who.ids == 0)).nonzero()[0]
        if len(rows):
            who.ids[rows] = self._cameras.new_ids(who.slot.take(rows))


def _grouped(table: T, moment: Moment) -> T:
    """The table in the order of the batch's frames."""
    frame = moment.frame_of(table.who.slot)
    return table if _ascending(frame) else table.take(frame.argsort(kind="stable"))


def _ascending(frame: Rows) -> bool:
    """Whether all tracks are of cameras in the batch and already in its order."""
    return not len(frame) or bool(frame[0] >= 0 and not np.count_nonzero(frame[1:] < frame[:-1]))
