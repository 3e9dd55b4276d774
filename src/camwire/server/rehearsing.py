"""Rules tried out on what a camera saw in the last minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from camwire.config.rules import Rule
from camwire.link.answers import Rehearsed
from camwire.link.desired import DesiredRehearsal
from camwire.server.asking import Asking
from camwire.server.desired import Desired

TIMEOUT = 20.0
"""Seconds."""
AT_ONCE = 4
LONGEST = 180.0
"""Seconds that workers keep."""


class Rehearsing:
    """A rehearsal is part of the desired state until it is answered."""

    def __init__(self, desired: Desired, changed: Callable[[], None]) -> None:
        self._desired = desired
        self._changed = changed
        self._asking: Asking[Rehearsed] = Asking("rehearsals are under way", AT_ONCE)

    def answered(self, result: Rehearsed) -> None:
        """A worker has rehearsed."""
        self._asking.answered(result.rehearsal, result)

    async def rehearse(self, rules: Sequence[Rule], camera: str, seconds: float) -> Rehearsed | None:
        """What they would have counted, those too that are switched off; None when no worker answers in time.

        Raises TooManyAtOnceError.
        """
        tried = tuple({**rule.model_dump(mode="json"), "enabled": True} for rule in rules)

        def put(name: str) -> None:
            self._desired.rehearse(DesiredRehearsal(id=name, camera=camera, seconds=seconds, rules=tried))
            self._changed()

        def withdraw(name: str) -> None:
            self._desired.end_rehearsal(name)
            self._changed()

        return await self._asking.ask(put, withdraw, TIMEOUT)
