"""Everything that has to do with what rules report, connected: kept, illustrated, told, sent on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from camwire.config.root import Config
from camwire.server.desired import Desired
from camwire.server.events.clips import Clips
from camwire.server.events.event import StoredEvent
from camwire.server.events.keeper import Acknowledge, EventKeeper
from camwire.server.events.media import Media, media_name
from camwire.server.events.pictures import EventPictures, Save
from camwire.server.rule_states import RuleStates
from camwire.server.sinks.couriers import Couriers

Tell = Callable[[str, Mapping[str, Any]], None]
"""Gets a camera's id and an event, as programs get it."""


class EventParts:
    """Starts and ends them in good order."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        desired: Desired,
        *,
        changed: Callable[[], None],
        acknowledge: Acknowledge,
        wanted: Callable[[str], bool],
        tell: Tell,
        save: Save,
    ) -> None:
        """``folder``: where relative paths begin. ``changed``: the desired state has a new revision.

        ``acknowledge`` hands a message to a worker; ``wanted`` says whether any client wants a camera's
        events, ``tell`` hands them one; ``save`` keeps a picture among those that are saved.
        """
        self._config = config
        self._wanted, self._tell = wanted, tell
        self.media = Media(config.events, folder)
        self.clips = Clips(desired, changed, self.media)
        self.pictures = EventPictures(config, self.media, save)
        self.keeper = EventKeeper(config.events, folder, acknowledge, self._kept, self._illustrated)
        self.rule_states = RuleStates(self.keeper)
        self.couriers = Couriers(config.sinks, folder, self.keeper, self.told)

    def configured(self, config: Config) -> None:
        self._config = config
        self.media.configured(config.events)
        self.pictures.configured(config)
        self.keeper.configured(config.events)
        self.couriers.configured(config.sinks)

    def start(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """What runs for ever; to be cancelled after ``end``."""
        self._sending = tasks.create_task(self.couriers.run())
        rest = (self.keeper, self.rule_states, self.pictures, self.clips, self.media)
        return [self._sending, *(tasks.create_task(part.run()) for part in rest)]

    async def end(self) -> None:
        """No more events come: finish what the events' file has to be open for."""
        await self.rule_states.save()
        self._sending.cancel()
        await asyncio.wait((self._sending,))

    def state(self) -> dict[str, Any]:
        """How they do, for statistics."""
        return {
            "kept": self.keeper.kept,
            "problem": self.keeper.problem,
            "media": {"lost": self.media.lost, "problem": self.media.problem},
            "sinks": dict(self.couriers.states()),
        }

    def told(self, event: StoredEvent) -> dict[str, Any]:
        """The event as programs get it now. Any thread may call it."""
        return self.media.told(event, time.time())

    async def _kept(self, events: Sequence[StoredEvent]) -> None:
        self.couriers.kept(events)
        if wanted := [event for event in events if self._wanted(event.camera)]:
            # In a thread: each event has files looked at.
            for document in await asyncio.to_thread(lambda: [*map(self.told, wanted)]):
                self._tell(document["camera"], document)

    def _illustrated(self, event: StoredEvent) -> StoredEvent:
        """With the names of its picture and of its video, which may come before it or after it."""
        settings = self._config.events
        body = dict(event.body)
        if settings.clips is not None:
            clip = self.clips.name_for(event, settings.clips, time.monotonic())
            if clip is not None:
                body["clip"] = clip
        if settings.snapshots:
            body["snapshot"] = media_name(event.camera, event.time, event.sequence, ".jpg")
        return replace(event, body=body)
