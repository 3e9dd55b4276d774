"""Videos around events, and videos on demand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import structlog

from camwire.config.events import ClipsConfig
from camwire.link.answers import ClipMade
from camwire.link.desired import DesiredClip
from camwire.server.asking import Asking
from camwire.server.desired import Desired
from camwire.server.events.event import StoredEvent
from camwire.server.events.media import Media, media_name

AT_ONCE = 4
TIMEOUT = 20.0
"""Seconds that a worker may take, once the video's end has come."""
LOOK_EVERY = 5.0
"""Seconds at most between two looks at whether they came."""
MOST = 200
"""Videos of events under way at most; beyond, events have none."""
MOST_BYTES = 64 << 20
"""Of videos that wait for the disk; beyond, they are lost and counted. One may always wait."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Planned:
    """A video of an event that is under way."""

    name: str
    since: float
    until: float
    """UTC, both; what it shows at least."""
    deadline: float
    """When it is given up, on the monotonic clock."""


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
        self._made: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MOST)
        """Names and videos that wait for the disk."""
        self._bytes = 0
        """Of those."""

    def name_for(self, event: StoredEvent, settings: ClipsConfig, now: float) -> str | None:
        """The name of the video that shows the event: that of an earlier one, if it does, or its own.

        ``now``: on the monotonic clock.
        """
        newest = self._newest.get(event.camera)
        if newest is not None and newest.since <= event.time <= newest.until:
            return newest.name
        if len(self._planned) >= MOST:
            return None
        name = media_name(event.camera, event.time, event.sequence, ".mp4")
        since, until = event.time - settings.before, event.time + settings.after
        clip = f"event-{next(self._numbers)}"
        self._newest[event.camera] = self._planned[clip] = Planned(
            name, since, until, now + settings.after + TIMEOUT
        )
        self._desire(clip, event.camera, since, until)
        return name

    def answered(self, made: ClipMade) -> None:
        """A worker has cut a video, or can't."""
        planned = self._planned.pop(made.clip, None)
        if planned is None:
            self._asking.answered(made.clip, made)
            return
        self._end(made.clip)
        if made.reason is not None:
            log.warning("an event has no video", clip=planned.name, reason=made.reason)
        elif self._made.full() or (self._bytes and self._bytes + len(made.mp4) > MOST_BYTES):
            self._media.lost += 1
            log.warning("an event has no video", clip=planned.name, reason="the disk is too slow")
        else:
            self._bytes += len(made.mp4)
            self._made.put_nowait((planned.name, made.mp4))

    async def run(self) -> None:
        """Keep what comes, and give up what doesn't, for ever."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    name, mp4 = await self._made.get()
            except TimeoutError:
                pass
            else:
                await self._media.keep(name, mp4)
                self._bytes -= len(mp4)
            self._give_up(time.monotonic())

    def _give_up(self, now: float) -> None:
        for clip in [clip for clip, planned in self._planned.items() if now > planned.deadline]:
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
