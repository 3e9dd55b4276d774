"""When a lost camera is tried again, and what to say about it meanwhile: a pure state machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from camwire.link.reports import CameraPhase

SHORTEST_DELAY = 0.5
LONGEST_DELAY = 4.0
LONG_AWAY = 600.0
"""Seconds after which a camera counts as away for long ..."""
LONG_AWAY_DELAY = 30.0
"""... and is tried only this often."""
LOGINS_IN_VAIN = 3
"""Tries of a password that has never worked, after which it is tried ever less: cameras lock accounts after
five or so."""
LOGIN_DELAY = 60.0
LONGEST_LOGIN_DELAY = 600.0
SMALLEST_PAUSE = 0.25
"""Seconds between a failure and the next try, even if the try itself took longer than the delay."""
SETTLED = 3.0
"""Seconds of pictures after which a connection is good; one that breaks sooner is retried ever later."""
STALLED = 2.0
"""Seconds without a picture (or an answer) after which that is said."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a camera is doing."""

    phase: CameraPhase
    reason: str | None = None
    retry_at: float | None = None
    """Monotonic seconds; None while the next try is under way."""


class Reconnect:
    """Told what happens, with the time; says how things stand and when to try again.

    The delay after a try that brought no picture counts from its start, so that a camera that lets every try
    run into its timeout is tried as often as one that refuses at once; otherwise it counts from the loss.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        """``random`` gives numbers from 0 to 1: it spreads the tries of cameras lost together."""
        self._random = random
        self._tried_at = 0.0
        self._away_since: float | None = None
        self._failures = 0
        self._first_picture: float | None = None
        self._last_picture = 0.0
        self._connected = False
        self._ever_seen = False
        self._logins_in_vain = 0
        self._reason: str | None = None
        self._retry_at: float | None = None

    def trying(self, now: float) -> None:
        """A try to connect begins."""
        self._tried_at = now
        self._retry_at = None
        self._first_picture = None
        self._connected = False
        if self._away_since is None:
            self._away_since = now

    def connected(self) -> None:
        """The source is open; no picture yet."""
        self._connected = True

    def picture(self, now: float) -> None:
        """A picture came."""
        if self._first_picture is None:
            self._first_picture = now
        if now - self._first_picture >= SETTLED:
            self._failures = 0
        self._last_picture = now
        self._ever_seen = True
        self._away_since = None
        self._reason = None

    def failed(self, now: float, reason: str, *, login_refused: bool = False) -> float:
        """The try or the connection failed: returns when (monotonic) to try again.

        ``login_refused``: the camera did not take the password. One that has worked before is tried as any
        camera is: cameras refuse everybody while they start.
        """
        if self._away_since is None:
            self._away_since = now
        self._failures += 1
        self._logins_in_vain = self._logins_in_vain + 1 if login_refused and not self._ever_seen else 0
        since = now if self._first_picture is not None else self._tried_at
        self._retry_at = max(now + SMALLEST_PAUSE, since + self._delay(now - self._away_since))
        self._reason = reason
        self._first_picture = None
        return self._retry_at

    def state(self, now: float, pace: float = 0.0) -> Connection:
        """How things stand; ``pace``: seconds that usually pass between two pictures."""
        if self._retry_at is not None:
            return Connection("retrying", self._reason, self._retry_at)
        if self._first_picture is None:
            return self._while_trying(now)
        silence = now - self._last_picture
        if silence > max(STALLED, 2 * pace):
            return Connection("stalled", f"no picture for {silence:.0f} s")
        return Connection("live")

    def _while_trying(self, now: float) -> Connection:
        if self._reason is not None:
            return Connection("retrying", self._reason)
        waited = now - self._tried_at
        if waited <= STALLED:
            return Connection("connecting")
        missing = "connected, but no picture" if self._connected else "no answer"
        return Connection("connecting", f"{missing} for {waited:.0f} s")

    def _delay(self, away: float) -> float:
        longest: float
        if self._logins_in_vain >= LOGINS_IN_VAIN:
            doublings = min(self._logins_in_vain - LOGINS_IN_VAIN, 10)
            longest = min(LOGIN_DELAY * 2**doublings, LONGEST_LOGIN_DELAY)
        elif away >= LONG_AWAY:
            longest = LONG_AWAY_DELAY
        else:
            doublings = min(self._failures - 1, 10)
            longest = min(SHORTEST_DELAY * 2**doublings, LONGEST_DELAY)
        return longest * (0.75 + 0.25 * self._random())
