"""What a worker had to give up: counted, and logged now and then rather than each time."""

from __future__ import annotations

import time
from collections.abc import Callable

LOG_EVERY = 10.0
"""Seconds between two log lines about the same loss."""


class Losses:
    """Of one kind. One thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        self._clock = clock
        self._logged = float("-inf")

    def add(self, count: int = 1) -> bool:
        """Count; true when it is time to log it again."""
        self.total += count
        now = self._clock()
        if now - self._logged < LOG_EVERY:
            return False
        self._logged = now
        return True
