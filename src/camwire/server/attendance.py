"""Whether a worker can be counted on: gone after a while without it, back when it has run for a while."""

from __future__ import annotations

from dataclasses import dataclass

from camwire.server.restart_policy import LONG_ENOUGH
from camwire.server.supervisor import Phase

PATIENCE = 10.0
"""Seconds from a worker's failure, after which it is away unless it runs."""
PATIENCE_AT_FIRST = 30.0
"""Seconds that a worker may take to start for the first time."""
STEADY = LONG_ENOUGH
"""Seconds for which a worker must run after a failure to be trusted again. One that ends sooner is started
again ever later, and its cameras would go to and fro; the second time it ends, they go at once."""


@dataclass(slots=True)
class Attendance:
    """Of one worker. Times are monotonic seconds."""

    away: bool = False
    _has_run: bool = False
    _doubtful: float | None = None
    """Since when the worker has not been steady; None while it is."""
    _failed: bool = False
    """Whether what makes it doubtful is more than a slow first start."""
    _runs: float | None = None
    """Since when it runs, without a break that was seen."""

    def look(self, phase: Phase, now: float) -> bool:
        """Take in what the worker does; whether it is away."""
        if phase == "running":
            self._is_running(now)
        else:
            self._is_not_running(phase, now)
        return self.away

    def _is_running(self, now: float) -> None:
        self._has_run = True
        self._runs = now if self._runs is None else self._runs
        if not self._failed or now - self._runs >= STEADY:
            self.away = self._failed = False
            self._doubtful = None

    def _is_not_running(self, phase: Phase, now: float) -> None:
        self._runs = None
        failed = phase != "starting" or self._has_run
        if self._doubtful is None or (failed and not self._failed):
            self._doubtful = now
        self._failed |= failed
        patience = PATIENCE if self._failed else PATIENCE_AT_FIRST
        self.away |= now - self._doubtful >= patience
