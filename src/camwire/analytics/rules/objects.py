"""The objects that the rules know, each in a slot of arrays, from first sight until long out of sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.analytics.rules.runs import Runs
from camwire.analytics.rules.sightings import Sightings
from camwire.frames import BoolArray, Float64Array, Int64Array, Tracks, whole_boxes

FIRST_CAPACITY = 64
EMPTY = {"camera": -1, "ids": 0, "last_seen": np.nan, "scores": 0, "classes": 0, "_keys": -1}
"""What a free slot has."""
ID_BITS = 40
LIKELY = 1024
"""Ids of a camera that differ in their last bits; a power of two."""

Fields = Mapping[str, tuple[Any, Any]]
"""Name → dtype and the value of a slot that is not in use."""


class PairState:
    """Fields of every pair of an object and one of a camera's rules: flat arrays of slots × columns."""

    def __init__(self, columns: int, fields: Fields) -> None:
        self.columns = columns
        self._fields = fields
        self._capacity = 0
        self._arrays: dict[str, NDArray[Any]] = {
            name: np.full(0, empty, dtype) for name, (dtype, empty) in fields.items()
        }

    def __getitem__(self, name: str) -> NDArray[Any]:
        """[slots · columns]; the pair of slot s and column c is at s · columns + c."""
        return self._arrays[name]

    def grow(self, capacity: int) -> None:
        for name, (dtype, empty) in self._fields.items():
            grown = np.full(capacity * self.columns, empty, dtype)
            grown[: len(self._arrays[name])] = self._arrays[name]
            self._arrays[name] = grown

    def first_cells(self, slots: Int64Array) -> Int64Array:
        """The pairs of the slots' objects with the first column."""
        return slots if self.columns == 1 else slots * self.columns

    def cells(self, slots: Int64Array) -> Int64Array:
        """The pairs of the slots' objects with every column; ascending where the slots are."""
        if self.columns == 1:
            return slots
        cells: Int64Array = np.add.outer(self.first_cells(slots), np.arange(self.columns)).ravel()
        return cells

    def clear(self, slots: Int64Array) -> None:
        """Forget everything about the slots' objects."""
        if not self.columns:
            return
        cells = self.cells(slots)
        for name, (_, empty) in self._fields.items():
            self._arrays[name][cells] = empty

    def read(self, cell: int) -> list[Any]:
        """One pair's fields as plain numbers."""
        return [array[cell].item() for array in self._arrays.values()]

    def write(self, cell: int, values: list[Any]) -> None:
        for array, value in zip(self._arrays.values(), values, strict=True):
            array[cell] = value

    def is_empty(self, cell: int) -> bool:
        """Whether nothing is remembered of the pair."""
        empties = (empty for _, empty in self._fields.values())
        values = self.read(cell)
        return all(value == empty or value != value for value, empty in zip(values, empties, strict=True))


class ObjectTable:
    """Slots by camera and object id; what was last seen of each object."""

    def __init__(self, out_of_sight: float) -> None:
        """``out_of_sight``: seconds from which on an object that isn't seen any more is overdue."""
        self.capacity = 0
        self.camera = np.empty(0, np.int64)
        """[S] the camera's number, -1 where the slot is free."""
        self.ids = np.empty(0, np.int64)
        self.last_seen = np.empty(0)
        """[S] on the camera's clock."""
        self.boxes = np.empty((0, 4), np.float32)
        self.scores = np.empty(0, np.float32)
        self.classes = np.empty(0, np.int32)
        self._keys = np.empty(0, np.int64)
        """[S] camera and id in one number, -1 where the slot is free."""
        self._slots: dict[int, int] = {}
        """Slot by camera and id in one number."""
        self._likely = np.zeros(0, np.int64)
        """[cameras · ``LIKELY``] the slot of the newest id that ends in the same bits: right for nearly every
        object, and many can be looked up at once."""
        self._free: list[int] = []
        self._sightings = Sightings(out_of_sight)

    def slots_of(self, camera: int) -> dict[int, int]:
        """Object id → slot, of one camera."""
        slots = np.flatnonzero(self.camera == camera)
        return dict(zip(self.ids[slots].tolist(), slots.tolist(), strict=True))

    def find(self, cameras: Runs, ids: Int64Array) -> tuple[Int64Array, bool]:
        """[N] the slots of objects, new ones where needed, and whether the table had to grow for it.

        ``cameras`` are their cameras' numbers; ids count from 1 and stay below 2⁴⁰.
        """
        if not len(ids):
            return np.empty(0, np.int64), False
        capacity, (number, count) = self.capacity, cameras
        self._make_room(int(number.max()))
        keys = (number << ID_BITS).repeat(count) + ids
        places = (number * LIKELY).repeat(count) + (ids & (LIKELY - 1))
        slots = self._likely.take(places)
        missed = (self._keys.take(slots) != keys).nonzero()[0]
        if len(missed):
            slots[missed] = [self._find(key) for key in keys[missed].tolist()]
            self._likely[places[missed]] = slots[missed]
        return slots, self.capacity > capacity

    def _make_room(self, camera: int) -> None:
        """For looking up objects of cameras up to this number; and there is a slot, were it a free one."""
        if not self.capacity:
            self._grow()
        if missing := max(0, (camera + 1) * LIKELY - len(self._likely)):
            self._likely = np.append(self._likely, np.zeros(missing, np.int64))

    def _find(self, key: int) -> int:
        """The slot of one object, a new one where needed."""
        if key in self._slots:
            return self._slots[key]
        if not self._free:
            self._grow()
        slot = self._slots[key] = self._free.pop()
        self._keys[slot], self.last_seen[slot] = key, np.nan
        self.camera[slot], self.ids[slot] = divmod(key, 1 << ID_BITS)
        return slot

    def overdue(self, cameras: Sequence[int], times: Sequence[float]) -> Int64Array:
        """Slots, ascending, of the cameras' objects that haven't been seen for too long by their clocks."""
        frames = [
            frame
            for camera, now in zip(cameras, times, strict=True)
            for frame in self._sightings.long_ago(camera, now)
        ]
        if not frames:
            return np.empty(0, np.int64)
        when = np.array([time for time, _ in frames]).repeat([len(slots) for _, slots in frames])
        slots = np.concatenate([slots for _, slots in frames])
        since_then = slots[(self.last_seen.take(slots) == when).nonzero()[0]]
        return np.array(sorted(set(since_then.tolist())), np.int64)

    def update(self, slots: Int64Array, now: Float64Array, tracks: Tracks) -> None:
        """Remember what the objects look like now."""
        self.last_seen[slots] = now
        whole_boxes(self.boxes)[slots] = whole_boxes(tracks.boxes)
        self.scores[slots] = tracks.scores
        self.classes[slots] = tracks.classes

    def are_among(self, slots: Int64Array, seen: Int64Array) -> BoolArray:
        """Whether each of ``slots`` is one of those ``seen``."""
        is_seen = np.zeros(self.capacity, bool)
        if len(slots):
            is_seen[seen] = True
        return is_seen[slots]

    def note(self, cameras: Runs, times: Sequence[float], slots: Int64Array) -> None:
        """Remember which objects were in the cameras' frames of these times."""
        ends = cameras.length.cumsum().tolist()
        for camera, time, begin, end in zip(cameras.which.tolist(), times, [0, *ends], ends, strict=False):
            self._sightings.add(camera, time, slots[begin:end])

    def remember(self, slots: Int64Array, last_seen: Float64Array) -> None:
        """A camera's objects were last seen then, before its first frame."""
        self.last_seen[slots] = last_seen
        for at in np.argsort(last_seen).tolist():
            self._sightings.add(int(self.camera[slots[at]]), float(last_seen[at]), slots[at : at + 1])

    def release(self, slots: Int64Array) -> None:
        for key in self._keys[slots].tolist():
            self._free.append(self._slots.pop(key))
        self._keys[slots] = self.camera[slots] = -1
        self.last_seen[slots] = np.nan

    def _grow(self) -> None:
        before, self.capacity = self.capacity, max(FIRST_CAPACITY, 2 * self.capacity)
        for name, empty in EMPTY.items():
            array = getattr(self, name)
            grown = np.full(self.capacity, empty, array.dtype)
            grown[:before] = array
            setattr(self, name, grown)
        boxes = np.zeros((self.capacity, 4), np.float32)
        boxes[:before] = self.boxes
        self.boxes = boxes
        self._free += range(self.capacity - 1, before - 1, -1)
