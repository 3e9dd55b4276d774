"""Leave pictures out that have become old while newer ones wait behind them (`drop_on_latency`)."""

from __future__ import annotations

from math import inf

WAITING = 0.001
"""Seconds; a packet that is read faster than this was waiting already."""
LONGEST_GAP = 0.5
"""Seconds without a picture after which even a late one is shown."""
FORGETTING = 0.001
"""Seconds a second by which the shortest delay seen is forgotten, so that clocks may drift."""


class LatenessGate:
    """Tells a picture that is too late to be worth work.

    A picture is late if it took ``limit`` seconds longer than the quickest picture did, *and* its packet was
    read without waiting: then newer ones have piled up behind it. A network that became slower for good
    delays pictures but lets none pile up, and loses none here.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._quickest = inf
        self._passed = -inf
        self._arrived = 0.0

    def is_late(self, time: float, arrived: float, waited: float) -> bool:
        """All in seconds: ``time`` of the stream, ``arrived`` (monotonic), how long reading ``waited``."""
        delay = arrived - time
        self._quickest = min(self._quickest + FORGETTING * (arrived - self._arrived), delay)
        self._arrived = arrived
        late = (
            delay - self._quickest > self._limit and waited < WAITING and arrived - self._passed < LONGEST_GAP
        )
        if not late:
            self._passed = arrived
        return late
