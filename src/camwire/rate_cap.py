"""At most so many pictures a second, evenly spread."""

from __future__ import annotations


class RateCap:
    """Decides for each picture of one camera whether it may go out.

    Pictures are admitted on a steady schedule rather than by the time since the last one, so that 25 pictures
    a second capped at 20 give 20, not 12.5: a picture that comes up to half an interval early takes the next
    place in the schedule.
    """

    def __init__(self) -> None:
        self._next_due: float | None = None

    def admits(self, now: float, max_fps: float) -> bool:
        """``now`` in seconds, growing; ``max_fps`` 0 means no cap."""
        if max_fps <= 0:
            return True
        interval = 1.0 / max_fps
        if self._next_due is None or now - self._next_due > interval:
            self._next_due = now
        if now < self._next_due - interval / 2:
            return False
        self._next_due += interval
        return True
