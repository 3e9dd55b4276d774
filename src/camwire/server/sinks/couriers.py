"""All sinks of the configuration: started, replaced and ended as it changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from camwire.config.secrets import SECRETS
from camwire.config.sinks import JsonLinesConfig, MqttConfig, SinkConfig, SinksConfig, WebhookConfig
from camwire.server.events.event import StoredEvent
from camwire.server.events.keeper import EventKeeper
from camwire.server.sinks.contract import Document, Sink
from camwire.server.sinks.courier import Courier
from camwire.server.sinks.json_lines import JsonLines
from camwire.server.sinks.mqtt import Mqtt, NoPackageError
from camwire.server.sinks.webhook import Webhook

UNUSABLE = (NoPackageError, ValueError, RuntimeError, OSError)
"""What a sink's settings may raise that looked right in the configuration: a home folder, say, that was there
when it was read."""

log = structlog.get_logger()


class Couriers:
    """A change of one sink's settings touches no other."""

    def __init__(
        self,
        settings: SinksConfig,
        folder: Path,
        keeper: EventKeeper,
        told: Callable[[StoredEvent], Document],
    ) -> None:
        """``folder``: where relative files begin. ``told``: an event as programs get it; called by any
        thread."""
        self._settings = settings
        self._folder = folder
        self._keeper = keeper
        self._told = told
        self._running: dict[SinkConfig, tuple[Courier, asyncio.Task[None]]] = {}
        self._impossible: dict[str, tuple[str, float]] = {}
        """Why, and the UTC since which it is known."""
        self._changed = asyncio.Event()

    def configured(self, settings: SinksConfig) -> None:
        if settings != self._settings:
            self._settings = settings
            self._changed.set()

    def kept(self, events: Sequence[StoredEvent]) -> None:
        """New events are on the disk."""
        if events:
            for courier, _ in self._running.values():
                courier.kept(events[-1].number)

    def states(self) -> Mapping[str, Mapping[str, Any]]:
        """How each does, by name, for statistics."""
        states = {settings.name: courier.state() for settings, (courier, _) in self._running.items()}
        return states | {
            name: {"state": "impossible", "problem": problem, "since": since}
            for name, (problem, since) in self._impossible.items()
        }

    async def run(self) -> None:
        """Deliver for ever."""
        try:
            while True:
                self._changed.clear()
                await self._follow()
                waiting = asyncio.create_task(self._changed.wait())
                tasks = [task for _, task in self._running.values()]
                await asyncio.wait((waiting, *tasks), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                for task in tasks:
                    if task.done():
                        task.result()
        finally:
            await self._end(list(self._running))

    async def _follow(self) -> None:
        """End what is no longer wanted so, start what is."""
        wanted = [sink for sink in self._settings.all() if sink.enabled]
        await self._end([sink for sink in self._running if sink not in wanted])
        known, self._impossible = self._impossible, {}
        for settings in wanted:
            if settings in self._running:
                continue
            try:
                sink = opened(settings, self._folder)
            except UNUSABLE as error:
                reason = SECRETS.redact(str(error))
                since = known.get(settings.name, ("", round(time.time(), 3)))[1]
                self._impossible[settings.name] = reason, since
                log.error("a sink can't be used", sink=settings.name, reason=reason)
                continue
            courier = Courier(settings, sink, self._keeper, self._told)
            self._running[settings] = courier, asyncio.create_task(courier.run())

    async def _end(self, gone: Sequence[SinkConfig]) -> None:
        tasks = [self._running.pop(settings)[1] for settings in gone]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def opened(settings: SinkConfig, folder: Path) -> Sink:
    """Raises one of UNUSABLE."""
    match settings:
        case WebhookConfig():
            secret = settings.secret.get_secret_value() if settings.secret is not None else None
            return Webhook(settings.url.reveal(), secret, settings.timeout_s)
        case MqttConfig():
            return Mqtt(
                *(settings.url.reveal(), settings.topic),
                name=f"camwire-{settings.name}",
                ca_file=None
                if settings.ca_file is None
                else str(folder / Path(settings.ca_file).expanduser()),
                timeout=settings.timeout_s,
            )
        case JsonLinesConfig():
            return JsonLines(folder / Path(settings.file).expanduser(), settings.max_mb, settings.keep)
    raise TypeError(f"no sink for {type(settings).__name__}")
