"""When a source, or the whole pipeline, is to be built anew: decided from times alone."""

from __future__ import annotations

import random
from collections.abc import Callable

from camwire.sources.reconnect import Reconnect

FIRST_BATCH = 300.0
"""Seconds that a new pipeline has for its first batch: TensorRT may build an engine first."""


class PipelineWatch:
    """Told what happens, with the time; says when to build anew. Failures in a row are tried ever later."""

    def __init__(self, limit: float, rand: Callable[[], float] = random.random) -> None:
        """``limit``: seconds that a running pipeline may be silent while its sources aren't."""
        self.limit = limit
        self._tries = Reconnect(rand)
        self._started: float | None = None
        self._last_batch: float | None = None
        self._retry_at: float | None = None
        self.rebuilds = 0

    @property
    def retry_at(self) -> float | None:
        """When the pipeline is to be built again; None while there is one."""
        return self._retry_at

    def started(self, now: float) -> None:
        """A pipeline runs."""
        self._tries.trying(now)
        self._started, self._last_batch, self._retry_at = now, None, None

    def batch(self, now: float) -> None:
        """A batch has come out, some time ago perhaps: ``now`` is when."""
        if self._started is not None and now > self._started and now != self._last_batch:
            self._last_batch = now
            self._tries.picture(now)

    def failed(self, now: float, reason: str) -> float:
        """The pipeline is broken: returns when to build it again."""
        self.rebuilds += 1
        self._started = None
        self._retry_at = self._tries.failed(now, reason)
        return self._retry_at

    def complaint(self, last_arrival: float | None, now: float) -> str | None:
        """Why the pipeline is to be given up: pictures come in and no batch comes out."""
        if self._started is None or last_arrival is None or now - last_arrival > self.limit:
            return None
        if self._last_batch is None:
            silence, allowed = now - self._started, max(FIRST_BATCH, self.limit)
        else:
            silence, allowed = now - self._last_batch, self.limit
        return f"no batch came out for {silence:.0f} s" if silence > allowed else None


class SourceWatch:
    """Of one camera's source."""

    def __init__(self, limit: float, now: float) -> None:
        """``limit``: seconds without a picture."""
        self.limit = limit
        self._since = now
        self.retry_at: float | None = None
        """When the source is to be built again; None while there is one."""

    def started(self, now: float) -> None:
        self._since, self.retry_at = now, None

    def failed(self, retry_at: float) -> None:
        self.retry_at = retry_at

    def is_due(self, now: float) -> bool:
        """Whether to build it again now."""
        return self.retry_at is not None and now >= self.retry_at

    def complaint(self, last_arrival: float | None, now: float) -> str | None:
        """Why the source is to be given up."""
        if self.retry_at is not None:
            return None
        silence = now - max(self._since, last_arrival or 0.0)
        return f"no picture for {silence:.0f} s" if silence > self.limit else None
