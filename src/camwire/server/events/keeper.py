"""From the link to the disk: events are kept in a thread of their own, and then acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from camwire.config.events import EventsConfig
from camwire.link.messages import Events, EventsKept, LinkedEvent
from camwire.server.events.store import Bounds, EventStore, StoredEvent, StoreError

WAITING = 100
"""Messages that wait for the disk at most; what a full queue leaves out, the worker sends again."""
PRUNE_EVERY = 60.0
LOG_EVERY = 60.0
"""Seconds."""

Acknowledge = Callable[[str, EventsKept], Awaitable[object]]

log = structlog.get_logger()


class EventKeeper:
    """The file comes with the first event. While it can't be written, nothing is acknowledged."""

    def __init__(self, settings: EventsConfig, folder: Path, acknowledge: Acknowledge) -> None:
        """``folder``: where a relative file begins. ``acknowledge`` hands a message to a worker."""
        self.kept = 0
        self.problem: str | None = None
        """Why events can't be kept now."""
        self._path = folder / Path(settings.file).expanduser()
        self._bounds = Bounds(settings.max_days, settings.minutes_max_days, round(settings.max_mb * 1e6))
        self._acknowledge = acknowledge
        self._waiting: asyncio.Queue[Events] = asyncio.Queue(WAITING)
        self._thread = ThreadPoolExecutor(1, "events")
        self._store: EventStore | None = None
        self._pruned = self._logged = float("-inf")

    def received(self, message: Events) -> None:
        if not self._waiting.full():
            self._waiting.put_nowait(message)

    async def run(self) -> None:
        """Keep what comes, for ever."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                message = await self._waiting.get()
                if await loop.run_in_executor(self._thread, self._keep, message.events):
                    kept = EventsKept(pid=message.pid, upto=message.upto)
                    await self._acknowledge(message.worker, kept)
        finally:
            self._thread.submit(self._close)
            self._thread.shutdown()

    def _keep(self, events: tuple[LinkedEvent, ...]) -> bool:
        """Whether they are on the disk; why not is logged, once a minute."""
        try:
            if self._store is None:
                self._store = EventStore(self._path, self._bounds)
            if time.monotonic() - self._pruned >= PRUNE_EVERY:
                self._store.prune(time.time())
                self._pruned = time.monotonic()
            self.kept += self._store.add([stored(event) for event in events])
        except StoreError as error:
            self.problem = str(error)
            if time.monotonic() - self._logged >= LOG_EVERY:
                self._logged = time.monotonic()
                log.error(
                    "events can't be kept; workers remember some and send them again", reason=str(error)
                )
            return False
        if self.problem is not None:
            log.info("events are kept again")
            self.problem = None
        return True

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()


def stored(event: LinkedEvent) -> StoredEvent:
    return StoredEvent(event.id, event.time, event.camera, event.rule, event.kind, event.body)
