"""Videos around events, and videos on demand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import structlog

from camwire.config.events import ClipsConfig
from camwire.link.messages import ClipMade, DesiredClip
from camwire.server.asking import Asking
from camwire.server.desired import Desired
from camwire.server.events.event import StoredEvent
from camwire.server.events.media import Media, media_name

AT_ONCE = 4
TIMEOUT = 20.0
"""Seconds that a worker may take, once the video's end has come."""
MOST = 200
"""Videos of events under way at most; beyond, events have none."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Planned:
    """A video of an event that is under way."""

    name: str
    until: float
    """UTC."""


class Clips:
    """A clip is part of the desired state until it is answered, or given up."""

    def __init__(self, desired: Desired, changed: Callable[[], None], media: Media) -> None:
        self._desired = desired
        self._changed = changed
        self._media = media
        self._asking: Asking[ClipMade] = Asking("videos are being saved", AT_ONCE)
        self._numbers = count(1)
        self._newest: dict[str, Planned] = {}
        """By camera."""
        self._planned: dict[str, Planned] = {}
        """By the clip's id."""
        self._made: asyncio.Queue[tuple[Planned, ClipMade]] = asyncio.Queue()

    def name_for(self, event: StoredEvent, settings: ClipsConfig) -> str | None:
        """The name of the video that shows the event: that of an earlier one, if it does, or its own."""
        newest = self._newest.get(event.camera)
        if newest is not None and event.time <= newest.until:
            return newest.name
        if len(self._planned) >= MOST:
            return None
        name = media_name(event.camera, event.time, event.sequence, ".mp4")
        planned = Planned(name, event.time + settings.after)
        clip = f"event-{next(self._numbers)}"
        self._newest[event.camera] = self._planned[clip] = planned
        self._desire(clip, event.camera, event.time - settings.before, planned.until)
        return name

    def answered(self, made: ClipMade) -> None:
        """A worker has cut a video, or can't."""
        planned = self._planned.pop(made.clip, None)
        if planned is None:
            self._asking.answered(made.clip, made)
            return
        self._end(made.clip)
        if made.reason is None:
            self._made.put_nowait((planned, made))
        else:
            log.warning("an event has no video", clip=planned.name, reason=made.reason)

    async def run(self) -> None:
        """Keep what comes, and give up what doesn't, for ever."""
        while True:
            try:
                async with asyncio.timeout(TIMEOUT):
                    planned, made = await self._made.get()
            except TimeoutError:
                self._give_up(time.time())
            else:
                await self._media.keep(planned.name, made.mp4)

    def _give_up(self, now: float) -> None:
        for clip in [clip for clip, planned in self._planned.items() if now > planned.until + TIMEOUT]:
            planned = self._planned.pop(clip)
            self._end(clip)
            log.warning("an event has no video", clip=planned.name, reason="no worker made it in time")

    async def save(self, camera: str, seconds: float) -> ClipMade | None:
        """The last ``seconds`` of a camera; None when no worker answers. Raises TooManyAtOnceError."""
        until = time.time()
        return await self._asking.ask(
            lambda clip: self._desire(clip, camera, until - seconds, until), self._end, TIMEOUT
        )

    def _desire(self, clip: str, camera: str, since: float, until: float) -> None:
        self._desired.clip(DesiredClip(id=clip, camera=camera, since=since, until=until))
        self._changed()

    def _end(self, clip: str) -> None:
        self._desired.end_clip(clip)
        self._changed()
