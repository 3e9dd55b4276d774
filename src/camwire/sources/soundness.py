"""How many of a live camera's pictures are damaged."""

from __future__ import annotations

from collections import deque

WINDOW = 3.0
"""Seconds over which the share is told."""
STEP = 0.5
"""Seconds between two marks."""
WORTH_SAYING = 0.1
"""Share of damaged pictures from which on people are told, ..."""
FEW = 2
"""... unless they are so few: anything may happen once, when a camera changes its settings for one."""


class Soundness:
    """Told each sound picture, and how many damaged ones there have been so far."""

    def __init__(self) -> None:
        self._pictures = 0
        self._damaged = 0
        self._marks: deque[tuple[float, int, int]] = deque()
        """Time, sound and damaged pictures so far: one mark older than the window, and those in it."""

    def picture(self, now: float, damaged: int) -> None:
        """A sound picture came; ``damaged`` is their number since ever."""
        self._pictures, self._damaged = self._pictures + 1, damaged
        if not self._marks or now - self._marks[-1][0] >= STEP:
            self._marks.append((now, self._pictures, self._damaged))
        while len(self._marks) > 1 and now - self._marks[1][0] >= WINDOW:
            self._marks.popleft()

    def complaint(self) -> str | None:
        """What there is to say, for people."""
        if not self._marks:
            return None
        _, pictures, damaged = self._marks[0]
        bad = self._damaged - damaged
        share = bad / max(bad + self._pictures - pictures, 1)
        if share < WORTH_SAYING or bad <= FEW:
            return None
        return f"{share:.0%} of its pictures are damaged: packets are lost or changed on the way"
