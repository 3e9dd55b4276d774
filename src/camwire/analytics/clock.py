"""A camera's time axis, made continuous: it goes on over reconnects and turns of a looped file."""

from __future__ import annotations

from dataclasses import dataclass

from camwire.frames import Frame

ROUNDING = 1e-6
"""Seconds; two times whose difference should be a round number differ by a little less or more."""

ANOTHER_EPOCH = -1
"""No frame's."""


@dataclass(slots=True)
class CameraClock:
    """Seconds that only grow. Within a connection it follows the frames' own time; between two of them it
    advances by what passed on the machine's clock."""

    now: float = 0.0
    epoch: int | None = None
    """None before the first frame."""
    offset: float = 0.0
    arrived: float = 0.0

    def interrupt(self) -> None:
        """The next frame is of another connection, whatever its epoch says."""
        if self.epoch is not None:
            self.epoch = ANOTHER_EPOCH

    def skip(self, seconds: float) -> None:
        """Let so much more time pass before the next frame, which is of another connection."""
        self.now += seconds

    def tick(self, frame: Frame) -> float:
        """Advance to a frame; returns the time."""
        if self.epoch is None:
            self.now = frame.time
        elif frame.epoch != self.epoch:
            gap = max(frame.arrived - self.arrived, 0.0)
            self.offset = self.now + gap - frame.time
        self.epoch = frame.epoch
        self.now = max(self.now, frame.time + self.offset)
        self.arrived = frame.arrived
        return self.now
