"""From the link to the disk: events are kept in a thread of their own, and then acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import structlog

from camwire.config.events import EventsConfig
from camwire.link.events import Events, EventsKept, LinkedEvent
from camwire.server.events.event import StoredEvent
from camwire.server.events.store import Bounds, EventStore, StoreError

WAITING = 100
"""Messages that wait for the disk at most; what a full queue leaves out, the worker sends again."""
PRUNE_EVERY = 60.0
LOG_EVERY = 60.0
"""Seconds."""

Acknowledge = Callable[[str, EventsKept], Awaitable[object]]
Result = TypeVar("Result")

log = structlog.get_logger()


async def nobody(_: Sequence[StoredEvent]) -> None:
    """Nobody hears of new events."""


class EventKeeper:
    """The one who writes the file, which comes with the first event. While it can't be written, nothing is
    acknowledged."""

    def __init__(
        self,
        settings: EventsConfig,
        folder: Path,
        acknowledge: Acknowledge,
        kept: Callable[[Sequence[StoredEvent]], Awaitable[None]] = nobody,
        prepare: Callable[[StoredEvent], StoredEvent] = lambda event: event,
        prune_every: float = PRUNE_EVERY,
    ) -> None:
        """``folder``: where a relative file begins. ``acknowledge`` hands a message to a worker; ``kept``
        hears of new events that are on the disk; ``prepare`` adds to each what else there is to keep of it.
        Both are called in the loop's thread."""
        self.kept = 0
        self.problem: str | None = None
        """Why events can't be kept now."""
        self.path = folder / Path(settings.file).expanduser()
        self._bounds = bounds_of(settings)
        self._acknowledge = acknowledge
        self._on_kept = kept
        self._prepare = prepare
        self._prune_every = prune_every
        self._waiting: asyncio.Queue[Events] = asyncio.Queue(WAITING)
        self._thread = ThreadPoolExecutor(1, "events")
        self._store: EventStore | None = None
        self._newest = 0
        """Number of the newest event: a number is never given twice, and sinks know their places by it."""
        self._pruned = self._logged = float("-inf")

    def configured(self, settings: EventsConfig) -> None:
        """Follow other bounds; another file is used from the next start on."""
        self._bounds = bounds_of(settings)

    def received(self, message: Events) -> None:
        if not self._waiting.full():
            self._waiting.put_nowait(message)

    async def run(self) -> None:
        """Keep what comes, for ever."""
        try:
            while True:
                try:
                    async with asyncio.timeout(self._prune_every):
                        message = await self._waiting.get()
                except TimeoutError:
                    await self._in_thread(self._tidy)
                    continue
                events = [self._prepare(stored(event)) for event in message.events]
                new = await self._in_thread(self._keep, events)
                if new is None:
                    continue
                self.kept += len(new)
                await self._on_kept(new)
                kept = EventsKept(pid=message.pid, upto=message.upto)
                await self._acknowledge(message.worker, kept)
        finally:
            self._thread.submit(self._close)
            self._thread.shutdown()

    async def use(self, work: Callable[[EventStore], Result]) -> Result:
        """Do something with the store, in its thread. Raises StoreError."""
        return await self._in_thread(lambda: work(self._opened()))

    async def _in_thread(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _opened(self) -> EventStore:
        if self._store is not None and not self._store.is_in_place():
            log.warning("the events' file was taken away; a new one goes on", file=str(self.path))
            self._close()
        if self._store is None:
            self._store = EventStore(self.path, self._bounds)
            self._store.number_behind(self._newest)
            self._newest = self._store.newest()
        return self._store

    def _keep(self, events: Sequence[StoredEvent]) -> list[StoredEvent] | None:
        """Those that were new, once they are on the disk; why they are not is logged, once a minute."""
        try:
            store = self._opened()
            self._prune(store)
            new = store.add(events)
            self._newest = new[-1].number if new else self._newest
        except StoreError as error:
            self.problem = str(error)
            self._log("events can't be kept; workers remember some and send them again", error)
            return None
        if self.problem is not None:
            log.info("events are kept again")
            self.problem = None
        return new

    def _tidy(self) -> None:
        """What was kept earlier gets too old though nothing new comes."""
        if self._store is None and not self.path.is_file():
            return
        try:
            self._prune(self._opened())
        except StoreError as error:
            self._log("old events can't be deleted", error)

    def _prune(self, store: EventStore) -> None:
        if time.monotonic() - self._pruned >= self._prune_every:
            self._pruned = time.monotonic()
            store.bounds = self._bounds
            store.prune(time.time())

    def _log(self, what: str, error: StoreError) -> None:
        """Once a minute."""
        if time.monotonic() - self._logged >= LOG_EVERY:
            self._logged = time.monotonic()
            log.error(what, reason=str(error))

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


def bounds_of(settings: EventsConfig) -> Bounds:
    return Bounds(settings.max_days, settings.minutes_max_days, round(settings.max_mb * 1e6))


def stored(event: LinkedEvent) -> StoredEvent:
    return StoredEvent(event.id, event.time, event.camera, event.rule, event.kind, event.body)
