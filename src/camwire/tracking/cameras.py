"""What a tracker remembers of each camera: its clock, its picture's size and its last id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from camwire.frames import BoolArray, Float64Array, Frame, Int64Array, Size
from camwire.tracking.columns import Rows


@dataclass(frozen=True, slots=True)
class Moment:
    """One step's frames as the tracker sees them; F frames, in the batch's order."""

    slots: Rows
    """[F] the cameras' numbers in the tracker's tables."""
    position: Rows
    """[all numbers] where in the batch a camera's frame is, -1 for cameras that aren't in it."""
    dt: Float64Array
    """[F] seconds since the camera's frame before, 0 for its first."""
    now: Float64Array
    """[F] the cameras' clocks."""
    first: BoolArray
    """[F] the camera's first frame of all."""
    interrupted: BoolArray
    """[F] the connection was lost, or the file began anew, since the frame before."""
    rewound: BoolArray
    """[F] the file began anew."""
    resized: BoolArray
    """[F] the picture's size is another than before, so old coordinates mean nothing."""

    def frame_of(self, slots: Rows) -> Rows:
        """The positions in the batch of the given cameras' frames."""
        return self.position.take(slots)


class _Last(NamedTuple):
    """What is kept of a camera's last frame; not its picture, which belongs to the decoder."""

    time: float
    arrived: float
    epoch: int
    turn: int
    size: Size


class Cameras:
    """Numbers cameras and keeps their clocks; a number is used again once its camera is forgotten.

    A camera's clock adds up the time between its frames. Within a connection that is the difference of
    ``Frame.time``; a new connection may start another time axis, so across connections it is the
    difference of ``Frame.arrived``.
    """

    def __init__(self) -> None:
        self._slot_of: dict[str, int] = {}
        self._last: list[_Last | None] = []
        self._free: list[int] = []
        self._clock = np.zeros(0)
        self.last_id: Int64Array = np.zeros(0, np.int64)
        """[slots] the id given last, 0 for none."""
        self._last_id_of_forgotten: dict[str, int] = {}

    def advance(self, frames: tuple[Frame, ...]) -> Moment:
        """Take the frames' times in."""
        slots = [self._slot(frame.camera) for frame in frames]
        befores = [self._last[slot] for slot in slots]
        for slot, frame in zip(slots, frames, strict=True):
            self._last[slot] = _Last(frame.time, frame.arrived, frame.epoch, frame.turn, frame.size)
        numbers, position = self._numbered(slots)
        elapsed = np.array(list(map(_elapsed, befores, frames)), np.float64)
        self._clock[numbers] += elapsed
        changes = np.array(list(map(_changes, befores, frames)), np.bool_).T
        return Moment(numbers, position, elapsed, self._clock.take(numbers), *changes)

    def _numbered(self, slots: list[int]) -> tuple[Rows, Rows]:
        """The slots as an array, and where in it each number is."""
        numbers = np.array(slots, np.intp)
        position = np.full(len(self._last), -1, np.intp)
        position[numbers] = np.arange(len(slots))
        return numbers, position

    def new_ids(self, slots: Rows) -> Int64Array:
        """An id for each row, counting up within each camera in the rows' order; ``slots`` is grouped."""
        if not len(slots):
            return np.empty(0, np.int64)
        begins = np.concatenate(([True], slots[1:] != slots[:-1]))
        starts = np.flatnonzero(begins)
        counts = np.diff(np.append(starts, len(slots)))
        rank = np.arange(len(slots)) - np.repeat(starts, counts)
        ids: Int64Array = self.last_id[slots] + 1 + rank
        self.last_id[slots[starts]] += counts
        return ids

    def last_ids(self, cameras: Sequence[str]) -> list[int]:
        """The id given last in each of the cameras, which have to be known; 0 for none."""
        return [int(self.last_id[self._slot_of[camera]]) for camera in cameras]

    def go_on_from(self, last_ids: Mapping[str, int]) -> None:
        """Let the ids of cameras that aren't known yet go on from these."""
        self._last_id_of_forgotten.update(last_ids)

    def restart_ids(self, slots: Rows) -> None:
        """Let the ids of the given cameras begin at 1 again."""
        self.last_id[slots] = 0

    def forget(self, camera: str) -> int | None:
        """Free the camera's number and return it; None for a camera never seen."""
        slot = self._slot_of.pop(camera, None)
        if slot is not None:
            self._last_id_of_forgotten[camera] = int(self.last_id[slot])
            self._last[slot] = None
            self._free.append(slot)
        return slot

    def _slot(self, camera: str) -> int:
        slot = self._slot_of.get(camera)
        if slot is None:
            slot = self._slot_of[camera] = self._free.pop() if self._free else self._new_slot()
            self._clock[slot] = 0.0
            self.last_id[slot] = self._last_id_of_forgotten.pop(camera, 0)
        return slot

    def _new_slot(self) -> int:
        self._last.append(None)
        self._clock = np.append(self._clock, 0.0)
        self.last_id = np.append(self.last_id, 0)
        return len(self._last) - 1


def _changes(old: _Last | None, new: Frame) -> tuple[bool, bool, bool, bool]:
    """Whether the frame is the first; and whether an interruption, a file's beginning, another size lie
    before it."""
    if old is None:
        return True, False, False, False
    return False, old.epoch != new.epoch, old.turn != new.turn, old.size != new.size


def _elapsed(old: _Last | None, new: Frame) -> float:
    """Seconds between two frames of a camera; never negative."""
    if old is None:
        return 0.0
    if old.epoch == new.epoch:
        return max(0.0, new.time - old.time)
    return max(0.0, new.arrived - old.arrived)
