"""The objects that the rules know, each in a slot of arrays, from first sight until long out of sight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Float64Array, Int64Array, Tracks

FIRST_CAPACITY = 64

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

    def clear(self, slots: Int64Array) -> None:
        """Forget everything about the slots' objects."""
        if not self.columns:
            return
        for name, (_, empty) in self._fields.items():
            self._arrays[name].reshape(-1, self.columns)[slots] = empty

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


def _keys(cameras: Int64Array, ids: Int64Array) -> list[int]:
    """Camera and id in one number; ids count from 1 and stay below 2⁴⁰."""
    keys: list[int] = ((cameras << 40) + ids).tolist()
    return keys


class ObjectTable:
    """Slots by camera and object id; what was last seen of each object."""

    def __init__(self) -> None:
        self.capacity = 0
        self.camera = np.empty(0, np.int64)
        """[S] the camera's number, -1 where the slot is free."""
        self.ids = np.empty(0, np.int64)
        self.last_seen = np.empty(0)
        """[S] on the camera's clock."""
        self.boxes = np.empty((0, 4), np.float32)
        self.scores = np.empty(0, np.float32)
        self.classes = np.empty(0, np.int32)
        self._slots: dict[int, int] = {}
        """Slot by camera and id in one number."""
        self._free: list[int] = []

    def slots_of(self, camera: int) -> dict[int, int]:
        """Object id → slot, of one camera."""
        slots = np.flatnonzero(self.camera == camera)
        return dict(zip(self.ids[slots].tolist(), slots.tolist(), strict=True))

    def find(self, cameras: Int64Array, ids: Int64Array) -> tuple[Int64Array, bool]:
        """[N] the slots of objects, new ones where needed, and whether the table had to grow for it."""
        capacity = self.capacity
        keys = _keys(cameras, ids)
        slots = list(map(self._slots.get, keys))
        if None in slots:
            for place, slot in enumerate(slots):
                if slot is None:
                    slots[place] = self._take(keys[place])
                    self.camera[slots[place]], self.ids[slots[place]] = cameras[place], ids[place]
        return np.fromiter(slots, np.int64, len(slots)), self.capacity > capacity

    def _take(self, key: int) -> int:
        """A new slot, or the one just taken where an id is twice in a batch."""
        if key in self._slots:
            return self._slots[key]
        if not self._free:
            self._grow()
        slot = self._slots[key] = self._free.pop()
        self.last_seen[slot] = np.nan
        return slot

    def update(self, slots: Int64Array, now: Float64Array, tracks: Tracks) -> None:
        """Remember what the objects look like now."""
        self.last_seen[slots] = now
        self.boxes[slots] = tracks.boxes
        self.scores[slots] = tracks.scores
        self.classes[slots] = tracks.classes

    def release(self, slots: Int64Array) -> None:
        for key in _keys(self.camera[slots], self.ids[slots]):
            self._free.append(self._slots.pop(key))
        self.camera[slots] = -1
        self.last_seen[slots] = np.nan

    def _grow(self) -> None:
        before, self.capacity = self.capacity, max(FIRST_CAPACITY, 2 * self.capacity)
        for name, empty in (("camera", -1), ("ids", 0), ("last_seen", np.nan), ("scores", 0), ("classes", 0)):
            array = getattr(self, name)
            grown = np.full(self.capacity, empty, array.dtype)
            grown[:before] = array
            setattr(self, name, grown)
        boxes = np.zeros((self.capacity, 4), np.float32)
        boxes[:before] = self.boxes
        self.boxes = boxes
        self._free += range(self.capacity - 1, before - 1, -1)
