"""Saves pictures, every few seconds or on demand: a client like any other, so nothing else is made for it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from camwire.config.saving import SavingConfig
from camwire.server.hub import ClosedError, Hub
from camwire.server.mailbox import Picture
from camwire.server.saved import SavedFile, file_name, folder_name, is_ours, surplus
from camwire.server.wish import Wish

CLEAN_UP_EVERY = 30.0
"""Seconds."""
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
        self._cleaned_up = self._logged = float("-inf")

    def configured(self, settings: SavingConfig) -> None:
        """Follow other settings."""
        if settings != self._settings:
            self._settings = settings
            self._changed.set()

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
        folder = self.folder()
        path = folder / folder_name(camera) / name
        try:
            await asyncio.to_thread(_write, path, content)
            self.saved += 1
            if time.monotonic() - self._cleaned_up >= CLEAN_UP_EVERY:
                self._cleaned_up = time.monotonic()
                await asyncio.to_thread(clean_up, folder, self._settings, time.time())
        except OSError as error:
            self.failed += 1
            raise CannotSaveError(f"{path} can't be written: {error.strerror}") from None
        return path

    async def run(self) -> None:
        """Save for ever what the settings say."""
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


def _write(path: Path, jpeg: bytes) -> None:
    """Whoever reads the folder never finds half a picture under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(jpeg)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)  # on a full disk each would stay, and nobody would ever look for them
        raise


def clean_up(folder: Path, settings: SavingConfig, now: float) -> None:
    """Delete what is too old or too much; ``now`` is UTC. Raises OSError."""
    for file in surplus(_files(folder), now, settings.max_days * DAY, settings.max_gb * GB):
        file.path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[SavedFile]:
    with os.scandir(folder) as cameras:
        for camera in cameras:
            if not camera.is_dir(follow_symlinks=False):
                continue
            with os.scandir(camera) as entries:
                for entry in entries:
                    if is_ours(entry.name) and entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        yield SavedFile(Path(entry.path), status.st_size, status.st_mtime)
