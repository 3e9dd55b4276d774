"""Tells a worker that works from one that only seems to: it talks to the server and gets nothing done."""

from __future__ import annotations

from threading import get_ident

LOOKS = 30
"""Looks in a row, one a second, at which nothing has moved. Looks are counted rather than time, so that a
process that was stopped, or a machine that slept, is not taken for one that is stuck."""


class UnderWay:
    """What each lane is doing. Written by the lanes, each for its own thread; read by any."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        """Batches since ever, within what threads may miss of each other."""
        self._lanes: dict[int, tuple[int, str]] = {}

    def stage(self, ticket: int, stage: str) -> None:
        """This lane's batch enters a stage."""
        self._lanes[get_ident()] = ticket, stage

    def end(self, *, failed: bool) -> None:
        """This lane's batch is through."""
        self._lanes.pop(get_ident(), None)
        if failed:
            self.failed += 1
        else:
            self.passed += 1

    def oldest(self) -> tuple[int, str] | None:
        """Number and stage of the batch that was formed first; None while there is none."""
        return min(list(self._lanes.values()), default=None)


class Watchdog:
    """Looks at what is under way, once a second."""

    def __init__(self) -> None:
        self._batch: int | None = None
        self._still = 0
        self._passed = 0
        self._failed = 0
        self._failing = 0

    def look(self, lanes: UnderWay) -> str | None:
        """Why the worker should be replaced, for people; None while all is well."""
        oldest = lanes.oldest()
        batch = oldest[0] if oldest is not None else None
        self._still = self._still + 1 if batch is not None and batch == self._batch else 0
        self._batch = batch
        if lanes.passed != self._passed:
            self._failing = 0
        elif lanes.failed != self._failed:
            self._failing += 1
        self._passed, self._failed = lanes.passed, lanes.failed
        if oldest is not None and self._still >= LOOKS:
            return f"a batch was stuck in {oldest[1]} for {LOOKS} s"
        if self._failing >= LOOKS:
            return f"no batch came through in {LOOKS} s, all failed"
        return None
