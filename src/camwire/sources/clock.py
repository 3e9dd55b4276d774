"""A camera's own time axis, made from timestamps that may be anything."""

from __future__ import annotations

SMALLEST_STEP = 0.001
"""Seconds between two pictures at least."""
LIVE_SLACK = 1.0
"""Seconds by which a live picture's timestamp may run ahead of its arrival: pictures come in bursts."""
MOST_AHEAD = 10.0
"""Seconds by which a live camera's time may run ahead of its pictures' arrivals in all: longer than what a
camera that keeps some sends at the beginning ..."""
DRIFT = 0.001
"""... and so many more a second, for no two clocks run alike."""
LONGEST_FILE_STEP = 60.0
"""Seconds; a longer gap in a file counts as a jump, not as a picture shown for a minute."""


class StreamClock:
    """Turns timestamps into seconds that begin at 0 and grow strictly.

    The timestamps' own steps are used while they are sane: upwards, and for live streams hardly further than
    time has passed. At a missing, standing, backward or leaping timestamp, the step is the time between both
    arrivals (live) or ``interval`` (files), and counting goes on from there. A live camera that counts more
    time than passes (one that says 25 pictures a second and sends 10, in the dark) goes by arrivals as soon
    as it is too far ahead.
    """

    def __init__(self, *, interval: float, live: bool) -> None:
        """``interval``: nominal seconds between pictures, for files whose timestamps are no use."""
        self._interval = interval
        self._live = live
        self._time: float | None = None
        self._stamp: float | None = None
        self._began = self._arrived = 0.0

    def time(self, stamp: float | None, arrived: float) -> float:
        """The time of the next picture, from its timestamp in seconds and its arrival (monotonic seconds)."""
        if self._time is None:
            self._time, self._began = 0.0, arrived
        else:
            self._time += self._held_back(self._step(stamp, arrived), arrived)
        self._stamp, self._arrived = stamp, arrived
        return self._time

    def _held_back(self, step: float, arrived: float) -> float:
        if not self._live or self._time is None:
            return step
        latest = (arrived - self._began) * (1 + DRIFT) + MOST_AHEAD
        return max(min(step, latest - self._time), SMALLEST_STEP)

    def _step(self, stamp: float | None, arrived: float) -> float:
        passed = max(arrived - self._arrived, 0.0)
        if stamp is not None and self._stamp is not None:
            step = stamp - self._stamp
            longest = passed + LIVE_SLACK if self._live else LONGEST_FILE_STEP
            if SMALLEST_STEP <= step <= longest:
                return step
        return max(passed if self._live else self._interval, SMALLEST_STEP)
