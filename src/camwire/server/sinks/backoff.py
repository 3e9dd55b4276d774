"""How long to wait before the next try."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 0.5
LONGEST = 60.0
"""Seconds."""
LONGEST_ASKED = 600.0
"""Seconds that a receiver may ask for."""


@dataclass(slots=True)
class Backoff:
    """Twice as long each time."""

    failures: int = 0

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self, asked: float = 0.0) -> float:
        """Seconds to wait now; no less than the receiver ``asked`` for."""
        delay = min(FIRST * 2.0 ** min(self.failures, 20), LONGEST)
        self.failures += 1
        return max(delay, min(asked, LONGEST_ASKED))
