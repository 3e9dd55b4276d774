"""Pictures of events, from the link to the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from camwire.config.root import Config
from camwire.link.events import EventPicture
from camwire.server.events.media import Media, media_name
from camwire.server.mailbox import Picture

Save = Callable[[Picture], Awaitable[None]]

WAITING = 50
"""Pictures that wait for the disk at most; beyond, they are lost and counted."""


class EventPictures:
    """Each goes where the configuration says: beside the events, among the saved pictures, or both."""

    def __init__(self, config: Config, media: Media, save: Save) -> None:
        """``save`` keeps a picture among those that are saved."""
        self._config = config
        self._media = media
        self._save = save
        self._waiting: asyncio.Queue[EventPicture] = asyncio.Queue(WAITING)

    def configured(self, config: Config) -> None:
        self._config = config

    def received(self, picture: EventPicture) -> None:
        if self._waiting.full():
            self._media.lost += 1
        else:
            self._waiting.put_nowait(picture)

    async def run(self) -> None:
        """Keep what comes, for ever."""
        while True:
            await self._keep(await self._waiting.get())

    async def _keep(self, picture: EventPicture) -> None:
        config = self._config
        annotated = picture.rendition == "event"
        if annotated and config.events.snapshots:
            name = media_name(picture.camera, picture.captured, picture.sequence, ".jpg")
            await self._media.keep(name, picture.jpeg)
        if config.saving.on_events and annotated == (config.saving.pictures == "annotated"):
            await self._save(Picture(picture.camera, picture.jpeg, 0.0, picture.captured, picture.sequence))
