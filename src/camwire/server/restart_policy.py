"""When a worker that ended is started again, and how long one may say nothing."""

from __future__ import annotations

from dataclasses import dataclass

LONG_ENOUGH = 60.0
"""Seconds after which a run counts as a good one."""
HOPELESS = 20
"""Quick failures in a row after which the worker counts as failing."""


@dataclass(slots=True)
class RestartPolicy:
    """Backoff that doubles from ``first`` to ``longest`` seconds, then stays at ``hopeless`` seconds.

    It starts anew after a run of a minute.
    """

    first: float = 0.2
    longest: float = 10.0
    hopeless: float = 60.0
    failures: int = 0
    """Quick failures in a row."""

    @property
    def failing(self) -> bool:
        """Whether so many tries have failed that someone should look."""
        return self.failures >= HOPELESS

    def delay_after(self, ran_for: float) -> float:
        """Seconds to wait after a worker that ran for ``ran_for`` seconds ended."""
        self.failures = 1 if ran_for >= LONG_ENOUGH else self.failures + 1
        if self.failing:
            return self.hopeless
        return min(self.first * 2.0 ** (self.failures - 1), self.longest)


GPU_START = 120.0
"""Seconds until a GPU's worker says something: packages of gigabytes are read, perhaps from a cold disk."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How long a worker may be silent, in seconds."""

    at_first: float = 20.0
    """Until its first message, before which it opens its device."""
    later: float = 10.0

    def deadline(self, started: float, last_heard: float | None) -> float:
        """The time at which the worker counts as stuck."""
        return started + self.at_first if last_heard is None else last_heard + self.later

    def next_look(self, started: float, last_heard: float | None, now: float) -> float:
        """The time until which nobody need look; a message from now on sets no earlier deadline than that."""
        return min(self.deadline(started, last_heard), now + self.later)


def heartbeat_of(device: str) -> Heartbeat:
    """What is expected of a worker on a device."""
    return Heartbeat() if device == "cpu" else Heartbeat(at_first=GPU_START)
