"""What comes out of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from camwire.frames import Float32Array

Kind = Literal[
    "enter", "exit", "loitering", "overcrowded", "overcrowding_over",
    "in", "out",
    "direction",
    "speeding", "stopped", "moving",
]  # fmt: skip

Counts = dict[str, dict[str, int]]
"""By what is counted (`inside`, `entered`, `in`, …) and by class name."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an event is about, as it was in the picture."""

    object_id: int
    class_name: str
    score: float
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 in picture pixels."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a rule reports."""

    kind: Kind
    rule: str
    camera: str
    time: float
    """UTC, seconds since 1970: when the frame was captured in which it was noticed."""
    sequence: int
    """Of that frame."""
    subject: Subject | None
    """None for what concerns a whole zone."""
    value: float | None
    """Dwell time in seconds (exit, loitering), objects (overcrowding), speed in pixels or metres a second."""
    counts: Counts
    """The rule's counts at this camera right after the event."""


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """What the rules make of one batch."""

    events: tuple[Event, ...]
    """In the batch's order of frames; within a frame by rule, then as they come."""
    speeds: Float32Array
    """[N], one for each row of the Tracks: pixels a second, or metres where a rule gives the ground; NaN
    where no rule measures it or the object has not been seen for long enough."""
