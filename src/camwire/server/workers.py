"""What the server knows of its workers, and what it tells them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog

from camwire.link.answers import ClipMade, ProbeResult, Rehearsed
from camwire.link.events import EventPicture, Events, RuleState
from camwire.link.messages import Failure, Hello
from camwire.link.reports import Statistics
from camwire.link.server_end import ServerEnd
from camwire.server.desired import Desired
from camwire.server.fallback import Fallback
from camwire.server.placement import Placement
from camwire.server.rule_states import RuleStates
from camwire.server.statistics import reports_by_camera
from camwire.server.supervisor import Supervisor

LEAST_INTERVAL = 0.05
"""Seconds between two documents: someone who flips toggles fast is followed at this pace."""
PLACE_EVERY = 1.0
"""Seconds between two looks at which workers are there for the cameras."""

log = structlog.get_logger()


class Workers:
    """The link's traffic: desired state down; greetings, statistics and failures up."""

    def __init__(
        self,
        link: ServerEnd,
        desired: Desired,
        supervisors: Mapping[str, Supervisor],
        probed: Callable[[ProbeResult], None] = lambda _: None,
        reported: Callable[[Events], None] = lambda _: None,
        rule_states: RuleStates | None = None,
        rehearsed: Callable[[Rehearsed], None] = lambda _: None,
        pictured: Callable[[EventPicture], None] = lambda _: None,
        clipped: Callable[[ClipMade], None] = lambda _: None,
    ) -> None:
        """``probed`` hears what came of each probe, ``reported`` of the rules' events, ``rehearsed`` of what
        came of each rehearsal, ``pictured`` of events' pictures, ``clipped`` of videos;
        ``rule_states`` keeps what a worker's rules have counted for its successor."""
        self.supervisors = supervisors
        self._probed = probed
        self._events = reported
        self._rehearsed = rehearsed
        self._pictured = pictured
        self._clipped = clipped
        self._rules = rule_states or RuleStates()
        self._link = link
        self._desired = desired
        self._placement = Placement(supervisors)
        self._changed = asyncio.Event()
        self._statistics: dict[str, Statistics] = {}
        self._counting: dict[str, frozenset[str]] = {}
        """By worker: the cameras at which it has been told to count."""
        self._fallbacks = {worker: Fallback() for worker in supervisors}

    def statistics(self, worker: str) -> Statistics | None:
        """What the worker's running process last reported."""
        report = self._statistics.get(worker)
        return report if report and report.pid == self.supervisors[worker].state.pid else None

    def problem(self, worker: str) -> str | None:
        """Why the worker can't do what is desired."""
        failure = self._fallbacks[worker].failure
        return failure.reason if failure else None

    def changed(self) -> None:
        """The desired state has a new revision."""
        self._place()
        self._changed.set()

    async def place(self) -> None:
        """Have every camera on a worker that runs, and what was refused tried again, for ever."""
        while True:
            again = any(fallback.due(time.monotonic()) for fallback in self._fallbacks.values())
            if self._place() or again:
                self._desired.moved()
                self._changed.set()
            await asyncio.sleep(PLACE_EVERY)

    def _place(self) -> bool:
        cameras = [camera.id for camera in self._desired.config.cameras]
        phases = {name: supervisor.state.phase for name, supervisor in self.supervisors.items()}
        reports = reports_by_camera(filter(None, map(self.statistics, self.supervisors)))
        return self._placement.update(cameras, reports, phases, time.monotonic())

    async def tell(self) -> None:
        """Hand every new revision to all workers, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            for worker in self.supervisors:
                await self._tell(worker)
            await asyncio.sleep(LEAST_INTERVAL)

    async def listen(self) -> None:
        """Take in what workers say, for ever."""
        while True:
            worker, message = await self._link.receive()
            if worker not in self.supervisors:
                log.warning("a worker that was not started here speaks; it is ignored", worker=worker)
            elif isinstance(message, Hello):
                await self._greeted(worker, message)
            elif isinstance(message, Statistics):
                await self._reported(worker, message)
            elif isinstance(message, ProbeResult):
                self._probed(message)
            elif isinstance(message, Rehearsed):
                self._rehearsed(message)
            elif isinstance(message, EventPicture):
                self._pictured(message)
            elif isinstance(message, ClipMade):
                self._clipped(message)
            elif isinstance(message, Events):
                self.supervisors[worker].heard(message.pid)
                self._events(message)
            elif isinstance(message, RuleState):
                self._rules.received(worker, message)
            else:
                await self._failed(worker, message)

    async def _greeted(self, worker: str, message: Hello) -> None:
        if self.supervisors[worker].heard(message.pid):
            self._fallbacks[worker].greeted(message.pid)
            cameras = self._counting[worker] = self._cameras_of(worker)
            self._rules.moved(worker, cameras)
            if (rules := self._rules.of(worker)) is not None:
                await self._link.send(worker, rules)
            await self._tell(worker)

    async def _reported(self, worker: str, message: Statistics) -> None:
        if not self.supervisors[worker].heard(message.pid):
            return
        self._statistics[worker] = message
        if message.stuck is not None:
            self.supervisors[worker].replace(message.stuck)
        fallback = self._fallbacks[worker]
        fallback.runs(message.revision)
        # A document can be lost when the worker's queue was full; one that failed would fail again.
        tried = max(message.revision, fallback.failure.revision if fallback.failure else 0)
        if tried < self._desired.revision:
            await self._tell(worker)

    async def _failed(self, worker: str, failure: Failure) -> None:
        if self._fallbacks[worker].failed(failure, time.monotonic()):
            log.error("worker can't do what is desired", worker=worker, reason=failure.reason)
        await self._tell(worker)

    def _cameras_of(self, worker: str) -> frozenset[str]:
        if len(self.supervisors) == 1:
            return frozenset(camera.id for camera in self._desired.config.cameras)
        return self._placement.cameras_of(worker)

    async def _hand_counts_over(self, worker: str) -> None:
        """Of cameras that come from another worker; before they do."""
        before, now = self._counting.get(worker, frozenset()), self._cameras_of(worker)
        self._counting[worker] = now
        if (new := now - before) and (counts := self._rules.moved(worker, new)) is not None:
            await self._link.send(worker, counts)

    async def _tell(self, worker: str) -> None:
        await self._hand_counts_over(worker)
        if len(self.supervisors) == 1:
            document = self._desired.document()
        else:
            cameras = self._placement.cameras_of(worker)
            document = self._desired.document(cameras, probes=worker == self._placement.first)
        possible = self._fallbacks[worker].document(document, time.monotonic())
        if possible is not None:
            await self._link.send(worker, possible)
