"""How often a camera sends, learned from it: silence means something else at 25 pictures a second than at one
in five seconds."""

from __future__ import annotations

from collections import deque

REMEMBERED = 8
"""Gaps between packets that tell the pace; so many packets make a connection one whose pace is known."""
LONGEST_PATIENCE = 30.0
"""Seconds without a packet after which any live connection counts as dead."""


class Pace:
    """Of one camera, over all its connections.

    A pace that isn't known yet can't be told from silence. So a connection that was given up before its pace
    was known makes the next one twice as patient, until either its packets or `LONGEST_PATIENCE` end that.
    """

    def __init__(self) -> None:
        self.usual = 0.0
        """Seconds: the longest of the last gaps. Written by one thread, read by any."""
        self._gaps: deque[float] = deque(maxlen=REMEMBERED)
        self._packets = 0
        self._allowance = 1.0

    def connected(self) -> None:
        """A connection begins."""
        self._packets = 0

    def packet(self, waited: float) -> None:
        """A packet came after ``waited`` seconds of waiting for it."""
        self._packets += 1
        self._gaps.append(waited)
        self.usual = max(self._gaps)
        if self._packets >= REMEMBERED:
            self._allowance = 1.0

    def silent(self) -> None:
        """The connection was given up because nothing came."""
        if self._packets < REMEMBERED:
            self._allowance = min(2 * self._allowance, LONGEST_PATIENCE)

    def patience(self, least: float) -> float:
        """Seconds without a packet after which a connection counts as dead; ``least`` for a fast camera."""
        return max(least, min(max(least * self._allowance, 2 * self.usual), LONGEST_PATIENCE))
