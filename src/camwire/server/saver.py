"""Saves pictures, every few seconds or on demand: a client like any other, so nothing else is made for it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import structlog

from camwire.config.saving import SavingConfig
from camwire.server import saved
from camwire.server.hub import ClosedError, Hub
from camwire.server.mailbox import Picture
from camwire.server.saved import file_name, folder_name
from camwire.server.tidying import Tidying
from camwire.server.wish import Wish

LOG_EVERY = 60.0
DAY = 86_400
GB = 1_000_000_000

log = structlog.get_logger()


class NoFolderError(Exception):
    """The configuration names no folder for pictures."""


class CannotSaveError(Exception):
    """A picture could not be written; the message says why."""


class Saver:
    """Follows the configuration's section `saving`."""

    def __init__(self, hub: Hub, settings: SavingConfig, root: Path) -> None:
        """``root``: where a relative folder begins."""
        self.saved = 0
        self.failed = 0
        self._hub = hub
        self._settings = settings
        self._root = root
        self._changed = asyncio.Event()
        self._logged = float("-inf")
        self._tidying = Tidying(self.clean_up)

    def configured(self, settings: SavingConfig) -> None:
        """Follow other settings."""
        if settings != self._settings:
            self._settings = settings
            self._changed.set()
            self._tidying.written()

    def folder(self) -> Path:
        """Raises NoFolderError."""
        if self._settings.folder is None:
            raise NoFolderError
        return self._root / Path(self._settings.folder).expanduser()

    async def store(self, picture: Picture) -> Path:
        """Write a bare picture; returns its path. Raises NoFolderError and CannotSaveError."""
        assert isinstance(picture.message, bytes)
        return await self.store_file(
            picture.camera, file_name(picture.captured, picture.sequence), picture.message
        )

    async def store_file(self, camera: str, name: str, content: bytes) -> Path:
        """Write a file of a camera; returns its path. Raises NoFolderError and CannotSaveError."""
        path = self.folder() / folder_name(camera) / name
        try:
            await asyncio.to_thread(saved.write, path, content)
        except OSError as error:
            self.failed += 1
            raise CannotSaveError(f"{path} can't be written: {error.strerror}") from None
        self.saved += 1
        self._tidying.written()
        return path

    def clean_up(self, now: float) -> None:
        """Delete what is too old or too much; ``now`` is UTC. Raises OSError."""
        settings = self._settings
        if settings.folder is not None:
            saved.clean_up(self.folder(), now, settings.max_days * DAY, settings.max_gb * GB)

    async def run(self) -> None:
        """Save for ever what the settings say, and delete what gets too old or too much."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tidying.run())
            tasks.create_task(self._follow())

    async def _follow(self) -> None:
        while True:
            self._changed.clear()
            saving = asyncio.create_task(self._save())
            waiting = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait((saving, waiting), return_when=asyncio.FIRST_COMPLETED)
                if saving.done():
                    saving.result()
                    await waiting
            finally:
                saving.cancel()
                waiting.cancel()
                await asyncio.wait((saving, waiting))

    async def _save(self) -> None:
        """Until the settings change or the server stops."""
        settings = self._settings
        if settings.folder is None or settings.every_s is None:
            return
        client = self._hub.join("saving", _wish(settings, settings.every_s))
        try:
            while True:
                await self.store_or_log(await client.next_picture())
                client.sent += 1
        except ClosedError:
            return
        finally:
            self._hub.leave(client)

    async def store_or_log(self, picture: Picture) -> None:
        """Save a bare picture where a folder is configured; why that can't be is logged, once a minute."""
        try:
            await self.store(picture)
        except NoFolderError:
            return
        except CannotSaveError as error:
            if time.monotonic() - self._logged >= LOG_EVERY:
                self._logged = time.monotonic()
                log.error("pictures can't be saved", problem=str(error), lost_so_far=self.failed)


def _wish(settings: SavingConfig, every: float) -> Wish:
    return Wish(
        cameras=None if settings.cameras is None else frozenset(settings.cameras),
        renditions=frozenset({"clean" if settings.pictures == "clean" else "full"}),
        max_fps=1 / every,
        framing="bare",
    )
