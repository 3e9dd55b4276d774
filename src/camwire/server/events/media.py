"""Pictures and videos of events: files beside the events, named by camera and time, bounded."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog

from camwire.config.events import EventsConfig
from camwire.server.events.event import StoredEvent
from camwire.server.saved import SavedFile, file_name, folder_name, is_ours, surplus

CLEAN_UP_EVERY = 30.0
LOG_EVERY = 60.0
PROMISED = 5.0
"""Seconds for which a picture that isn't there yet counts as being on its way."""
DAY = 86_400
GB = 1_000_000_000

log = structlog.get_logger()


def media_name(camera: str, captured: float, sequence: int, suffix: str) -> str:
    """Relative to the folder; ``suffix`` is `.jpg` or `.mp4`. ``captured`` is UTC."""
    return f"{folder_name(camera)}/{file_name(captured, sequence, suffix)}"


class Media:
    """Follows `events` of the configuration. A full disk costs pictures, which is told, and nothing else."""

    def __init__(self, settings: EventsConfig, root: Path) -> None:
        """``root``: where a relative folder begins."""
        self.problem: str | None = None
        """Why pictures and videos can't be kept now."""
        self.lost = 0
        self._root = root
        self._settings = settings
        self._cleaned_up = self._logged = float("-inf")

    def configured(self, settings: EventsConfig) -> None:
        self._settings = settings

    @property
    def folder(self) -> Path:
        return self._root / Path(self._settings.media_folder).expanduser()

    def told(self, event: StoredEvent, now: float) -> dict[str, Any]:
        """The event as programs get it, with the addresses of its picture and its video; ``now`` is UTC."""
        document = event.as_json()
        address = f"/api/v1/events/{quote(event.id, safe='')}/"
        picture = promised(event, now) or self.path(event, "snapshot") is not None
        document["snapshot"] = f"{address}snapshot.jpg" if picture else None
        document["clip"] = f"{address}clip.mp4" if self.path(event, "clip") is not None else None
        return document

    def path(self, event: StoredEvent, what: str) -> Path | None:
        """The event's `snapshot` or `clip`, where there is one."""
        name = event.body.get(what)
        path = self.folder / name if isinstance(name, str) and _is_inside(name) else None
        return path if path is not None and path.is_file() else None

    async def keep(self, name: str, content: bytes) -> bool:
        """Write a file of this name (see ``media_name``); whether that was possible."""
        try:
            await asyncio.to_thread(_write, self.folder / name, content)
            if time.monotonic() - self._cleaned_up >= CLEAN_UP_EVERY:
                self._cleaned_up = time.monotonic()
                await asyncio.to_thread(self.clean_up, time.time())
        except OSError as error:
            self.lost += 1
            self.problem = f"{self.folder}: {error.strerror}"
            if time.monotonic() - self._logged >= LOG_EVERY:
                self._logged = time.monotonic()
                log.error("events' pictures can't be kept", problem=self.problem, lost_so_far=self.lost)
            return False
        self.problem = None
        return True

    def clean_up(self, now: float) -> None:
        """Delete what is too old or too much; ``now`` is UTC. Raises OSError."""
        settings = self._settings
        for file in surplus(_files(self.folder), now, settings.max_days * DAY, settings.media_max_gb * GB):
            file.path.unlink(missing_ok=True)


def promised(event: StoredEvent, now: float) -> bool:
    """Whether its picture may still be on its way; ``now`` is UTC. Of a clock that was set back, nothing is
    promised."""
    return bool(event.body.get("snapshot")) and 0 <= now - event.time < PROMISED


def _is_inside(name: str) -> bool:
    camera, _, file = name.partition("/")
    return is_ours(file) and camera not in ("", ".", "..")


def _write(path: Path, content: bytes) -> None:
    """Whoever reads the folder never finds half a file under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


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
