"""Pictures on their way from the analysis to the encoder; they are found again by their timestamps."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

MOST = 64
"""Entries remembered: more than the queues between both ends hold."""

Entry = TypeVar("Entry")


class Ledger(Generic[Entry]):
    """In the order of time. Any thread may call anything."""

    def __init__(self, lost: Callable[[Sequence[Entry]], None]) -> None:
        """``lost`` hears of the entries that were overtaken by later ones."""
        self._lost = lost
        self._lock = threading.Lock()
        self._entries: OrderedDict[int, Entry] = OrderedDict()

    def put(self, pts: int, entry: Entry) -> None:
        overtaken: list[Entry] = []
        with self._lock:
            if pts in self._entries:
                overtaken.append(self._entries.pop(pts))
            self._entries[pts] = entry
            while len(self._entries) > MOST:
                overtaken.append(self._entries.popitem(last=False)[1])
        if overtaken:
            self._lost(overtaken)

    def find(self, pts: int) -> Entry | None:
        """The entry of this timestamp, which stays."""
        with self._lock:
            return self._entries.get(pts)

    def take(self, pts: int) -> Entry | None:
        """The entry of this timestamp; those put before it are lost. None where there is none."""
        with self._lock:
            if pts not in self._entries:
                return None
            overtaken = []
            while True:
                key, entry = self._entries.popitem(last=False)
                if key == pts:
                    break
                overtaken.append(entry)
        if overtaken:
            self._lost(overtaken)
        return entry

    def clear(self) -> list[Entry]:
        """Everything that was still waiting."""
        with self._lock:
            left = list(self._entries.values())
            self._entries.clear()
        return left
