"""The numbers of a camera's frames, which go on when its source is replaced by another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Numbering:
    """What ``Frame.sequence``, ``epoch`` and ``turn`` have come to. It outlives the sources that count with
    it, one after the other: whoever sorts frames by these numbers never meets one twice."""

    sequence: int = 0
    """The next frame's."""
    epoch: int = 0
    turn: int = 0
