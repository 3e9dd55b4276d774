"""When a batch came out of each stage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Marks:
    """When a batch came out of each stage, in monotonic seconds."""

    detected: float = 0.0
    tracked: float = 0.0
    analysed: float = 0.0
    rendered: float = 0.0
    encoded: float = 0.0
    published: float = 0.0
