"""Pictures and videos of events: files beside the events, named by camera and time, bounded."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog

from camwire.config.events import EventsConfig
from camwire.server import saved
from camwire.server.events.event import StoredEvent
from camwire.server.saved import file_name, folder_name, is_ours
from camwire.server.tidying import Tidying

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
    """Follows `events` of the configuration. A full disk costs pictures, which is told, and nothing else.

    ``told`` and ``path`` look at files: they are for threads, not for the event loop.
    """

    def __init__(self, settings: EventsConfig, root: Path) -> None:
        """``root``: where a relative folder begins."""
        self.problem: str | None = None
        """Why pictures and videos can't be kept now."""
        self.lost = 0
        self._root = root
        self._settings = settings
        self._logged = float("-inf")
        self._tidying = Tidying(self.clean_up)

    def configured(self, settings: EventsConfig) -> None:
        if settings != self._settings:
            self._settings = settings
            self._tidying.written()

    async def run(self) -> None:
        """Delete for ever what gets too old or too much."""
        await self._tidying.run()

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
            await asyncio.to_thread(saved.write, self.folder / name, content)
        except OSError as error:
            self.lost += 1
            self.problem = f"{self.folder}: {error.strerror}"
            if time.monotonic() - self._logged >= LOG_EVERY:
                self._logged = time.monotonic()
                log.error("events' pictures can't be kept", problem=self.problem, lost_so_far=self.lost)
            return False
        self.problem = None
        self._tidying.written()
        return True

    def clean_up(self, now: float) -> None:
        """Delete what is too old or too much; ``now`` is UTC. Raises OSError."""
        settings = self._settings
        saved.clean_up(self.folder, now, settings.max_days * DAY, settings.media_max_gb * GB)


def promised(event: StoredEvent, now: float) -> bool:
    """Whether its picture may still be on its way; ``now`` is UTC. Of a clock that was set back, nothing is
    promised."""
    return bool(event.body.get("snapshot")) and 0 <= now - event.time < PROMISED


def _is_inside(name: str) -> bool:
    camera, _, file = name.partition("/")
    return is_ours(file) and camera not in ("", ".", "..")
