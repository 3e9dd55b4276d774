"""One sink's events, from the disk to the receiver: the table of events is the outbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from camwire.config.secrets import SECRETS
from camwire.config.sinks import SinkConfig
from camwire.server.events.event import StoredEvent
from camwire.server.events.keeper import EventKeeper
from camwire.server.events.queries import following
from camwire.server.events.store import EventStore, StoreError
from camwire.server.sinks.backoff import Backoff
from camwire.server.sinks.contract import Document, NeverError, NotNowError, Sink

AT_ONCE = 50
"""Events read at once; when camwire is killed, so many come twice at most."""
LOG_EVERY = 60.0
"""Seconds between two lines about a receiver that goes on refusing."""

log = structlog.get_logger()


class Courier:
    """Delivers for ever. Events that were deleted before their turn came are counted as lost."""

    def __init__(
        self,
        settings: SinkConfig,
        sink: Sink,
        keeper: EventKeeper,
        told: Callable[[StoredEvent], Document],
        *,
        backoff: Backoff | None = None,
    ) -> None:
        """``told``: the event as programs get it; called by any thread."""
        self.delivered = 0
        self.refused = 0
        self.lost = 0
        self.problem: str | None = None
        self.since: float | None = None
        """UTC at which the problem began."""
        self._settings = settings
        self._sink = sink
        self._keeper = keeper
        self._told = told
        self._backoff = backoff or Backoff()
        self._retry_at: float | None = None
        self._place = self._saved = 0
        self._newest = 0
        self._wake = asyncio.Event()
        self._logged = float("-inf")

    def kept(self, number: int) -> None:
        """There are events up to this one."""
        self._newest = max(self._newest, number)
        self._wake.set()

    def state(self) -> dict[str, Any]:
        """How it does, for statistics."""
        retry_in = None if self._retry_at is None else max(0.0, self._retry_at - time.monotonic())
        return {
            "state": "delivering" if self.problem is None else "retrying",
            "problem": self.problem,
            "since": self.since,
            "retry_in_s": None if retry_in is None else round(retry_in, 1),
            "delivered": self.delivered,
            "refused": self.refused,
            "lost": self.lost,
            "waiting": max(0, self._newest - self._place),
        }

    async def run(self) -> None:
        """Deliver for ever. A supervisor's boundary: what nobody foresaw is logged, and tried again."""
        try:
            await self._begin()
            while True:
                self._wake.clear()
                try:
                    more = await self._deliver_some()
                except Exception as error:
                    log.exception("a sink failed", sink=self._settings.name)
                    await self._wait(f"an unexpected error ({type(error).__name__})")
                    continue
                if not more:
                    await self._wake.wait()
        finally:
            await self._sink.close()

    async def _begin(self) -> None:
        name = self._settings.name

        def look(store: EventStore) -> tuple[int, int]:
            return store.cursor(name), store.newest()

        while True:
            try:
                self._place, newest = await self._keeper.use(look)
            except StoreError as error:
                await self._wait(str(error))
            else:
                self._newest, self._saved = max(self._newest, newest), self._place
                self._went_well()
                return

    async def _deliver_some(self) -> bool:
        """The next events; false when there are none."""
        newest = self._newest
        try:
            events = await asyncio.to_thread(following, self._keeper.path, self._place, AT_ONCE)
        except StoreError as error:
            await self._wait(str(error))
            return True
        if not events:
            await self._caught_up(newest)
            return False
        self._count_lost(events[0].number - self._place - 1)
        chosen = [event for event in events if self._settings.takes(event.camera, event.rule, event.kind)]
        reached, wait = await self._hand_over(chosen, events[-1].number)
        await self._move(reached)
        if wait is not None:
            await self._wait(str(wait), wait.after)
        return True

    async def _caught_up(self, newest: int) -> None:
        """There is nothing behind its place. What there was, up to the event of that number, was deleted."""
        if newest > self._place:
            self._count_lost(newest - self._place)
            await self._move(newest)
        if self._place == self._saved:
            self._went_well()

    async def _hand_over(self, events: Sequence[StoredEvent], end: int) -> tuple[int, NotNowError | None]:
        """How far it got, and why no further. ``end``: the number of the last event that was looked at."""
        try:
            if events:
                # In a thread: each event has files looked at.
                await self._sink.deliver(await asyncio.to_thread(lambda: [*map(self._told, events)]))
        except NotNowError as error:
            self.delivered += error.delivered
            if error.delivered:
                self._backoff.succeeded()  # it takes some: what it refuses now has not failed before
            return events[error.delivered].number - 1, error
        except NeverError as error:
            self.delivered += error.delivered
            self.refused += 1
            event = events[error.delivered]
            log.error(
                "a sink's receiver refuses an event; it is left out",
                sink=self._settings.name,
                event_id=event.id,
                reason=SECRETS.redact(str(error)),
            )
            self._went_well()  # it answers
            return event.number, None
        self.delivered += len(events)
        self._went_well()
        return end, None

    async def _move(self, place: int) -> None:
        """Where the disk can't say so, it is known at least as long as this process lives."""
        if place == self._place:
            return
        self._place = place
        try:
            await self._keeper.use(lambda store: store.move_cursor(self._settings.name, place))
            self._saved = place
        except StoreError as error:
            self._log_problem(str(error))

    def _count_lost(self, number: int) -> None:
        if number > 0:
            self.lost += number
            log.error(
                "events were deleted before a sink's receiver took them",
                sink=self._settings.name,
                events=number,
            )

    async def _wait(self, problem: str, asked: float = 0.0) -> None:
        delay = self._backoff.failed(asked)
        self._retry_at = time.monotonic() + delay
        self._log_problem(problem)
        await asyncio.sleep(delay)
        self._retry_at = None

    def _log_problem(self, problem: str) -> None:
        self.problem = SECRETS.redact(problem)
        self.since = self.since or round(time.time(), 3)
        if time.monotonic() - self._logged >= LOG_EVERY:
            self._logged = time.monotonic()
            log.error(
                "a sink's receiver takes no events; they wait",
                sink=self._settings.name,
                reason=self.problem,
            )

    def _went_well(self) -> None:
        if self.problem is not None:
            log.info("a sink's receiver takes events again", sink=self._settings.name)
            self._logged = float("-inf")
        self.problem = self.since = None
        self._backoff.succeeded()
