"""Play a file at the speed of its own timestamps."""

from __future__ import annotations

FURTHEST_BEHIND = 1.0
"""Seconds; further behind, the file goes on from here instead of racing to catch up."""


class Pacer:
    """Says when each picture of a file is due. Turns of a looped file follow each other without a gap."""

    def __init__(self) -> None:
        self._origin: float | None = None
        self._due = 0.0
        self._step = 0.0
        self._last: float | None = None

    def due(self, time: float, now: float) -> float:
        """When (monotonic) the picture at ``time`` (seconds, growing within a turn) is to be played."""
        if self._last is not None:
            self._step = time - self._last
        elif self._origin is not None:
            self._origin = self._due + self._step - time  # a new turn
        self._last = time
        if self._origin is None or now - (self._origin + time) > FURTHEST_BEHIND:
            self._origin = now - time
        self._due = self._origin + time
        return self._due

    def new_turn(self) -> None:
        """The file begins again: the next picture is due one step after the last one."""
        self._last = None
