"""What a worker is told while it refuses a part of what is desired: what it did before, and all the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from camwire.link.desired import DesiredState
from camwire.link.messages import Failure

REFUSABLE = ("model", "tracker", "rules", "nvdsanalytics", "nvdsanalytics_stamps", "deepstream")
"""What a worker may be unable to use: a file is missing, says something impossible, or takes a restart."""
TRY_AGAIN_EVERY = 10.0
"""Seconds after which what was refused is tried again: someone may have mended the file."""
UNANSWERED = 100
"""Tries that are remembered; a worker that is away answers none."""

Parts = dict[str, Any]


@dataclass(slots=True)
class _Try:
    parts: Parts
    revision: int


class Fallback:
    """Of one worker. A bad model or rule costs nobody the cameras and views of the rest of the document."""

    def __init__(self) -> None:
        self.failure: Failure | None = None
        """What the worker can't do now."""
        self._good: Parts | None = None
        self._refused: Parts | None = None
        self._trying: _Try | None = None
        """Sent, and the outcome is not known."""
        self._unanswered: dict[int, Parts] = {}
        """The newest tries whose outcome is not known, by revision."""
        self._again_at = 0.0
        self._pid: int | None = None

    def document(self, desired: DesiredState, now: float) -> DesiredState | None:
        """What to send for ``desired`` at ``now`` (monotonic); None: nothing that the worker could do."""
        parts = _parts(desired)
        if self._trying is None and parts == self._refused and now < self._again_at:
            if self._good is None:
                return None
            return msgspec.structs.replace(desired, **self._good, as_before=True)
        self._trying = _Try(parts, desired.revision)
        self._unanswered[desired.revision] = parts
        if len(self._unanswered) > UNANSWERED:
            del self._unanswered[next(iter(self._unanswered))]
        self._again_at = now + TRY_AGAIN_EVERY
        return desired

    def due(self, now: float) -> bool:
        """Whether it is time to send again what was refused, under a new revision."""
        return self.failure is not None and self._trying is None and now >= self._again_at

    def greeted(self, pid: int) -> None:
        """A process says hello, perhaps not for the first time; a new one knows nothing."""
        if pid == self._pid:
            return
        self._pid = pid
        self._trying = None
        self._unanswered.clear()

    def failed(self, failure: Failure, now: float) -> bool:
        """The worker refused a document, perhaps not for the first time: it may have been sent twice.

        Returns whether that is news to people.
        """
        refused = self._unanswered.pop(failure.revision, None)
        if failure.as_before:
            self._good = None
        elif self._trying is not None and refused == self._trying.parts:
            self._refused, self._trying = refused, None
            if self._good == refused:
                self._good = None
        self._again_at = now + TRY_AGAIN_EVERY
        news = self.failure is None or failure.reason != self.failure.reason
        self.failure = failure
        return news

    def runs(self, revision: int) -> None:
        """The worker says that it runs this revision."""
        parts = self._unanswered.get(revision)
        if parts is None:
            return
        newest = self._trying is not None and revision == self._trying.revision
        if newest or parts != self._refused:
            self._good = parts
        if newest:
            self._refused = self._trying = self.failure = None
            self._unanswered.clear()


def _parts(desired: DesiredState) -> Parts:
    return {name: getattr(desired, name) for name in REFUSABLE}
