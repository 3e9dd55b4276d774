"""A camera's time axis, made continuous: it goes on over reconnects and turns of a looped file."""

from __future__ import annotations

from dataclasses import dataclass

from camwire.frames import Frame

ROUNDING = 1e-6
"""Seconds; two times whose difference should be a round number differ by a little less or more."""


@dataclass(slots=True)
class CameraClock:
    """Seconds that only grow. Within a connection it follows the frames' own time; between two of them it
    advances by what passed on the machine's clock."""

    now: float
    epoch: int
    offset: float
    arrived: float

    @classmethod
    def starting_with(cls, frame: Frame) -> CameraClock:
        return cls(now=frame.time, epoch=frame.epoch, offset=0.0, arrived=frame.arrived)

    def advance(self, frame: Frame) -> None:
        if frame.epoch != self.epoch:
            gap = max(frame.arrived - self.arrived, 0.0)
            self.offset = self.now + gap - frame.time
            self.epoch = frame.epoch
        self.now = max(self.now, frame.time + self.offset)
        self.arrived = frame.arrived
