"""Pictures a second, over the last few seconds."""

from __future__ import annotations

from collections import deque

WINDOW = 64
"""Pictures; at 25 a second this looks back two and a half seconds."""
SILENCE = 2.0
"""Seconds; without a picture for so long (or for three intervals of a slow source) the rate is 0."""


class RateMeter:
    """Measures a rate from the pictures' arrivals."""

    def __init__(self) -> None:
        self._arrivals: deque[float] = deque(maxlen=WINDOW)

    def count(self, arrived: float) -> None:
        self._arrivals.append(arrived)

    def rate(self, now: float) -> float:
        """Pictures a second; 0 before the second picture and when none comes any more."""
        if len(self._arrivals) < 2:
            return 0.0
        interval = (self._arrivals[-1] - self._arrivals[0]) / (len(self._arrivals) - 1)
        if interval <= 0 or now - self._arrivals[-1] > max(SILENCE, 3 * interval):
            return 0.0
        return 1 / interval
