"""Pictures of events on their way to the server."""

from __future__ import annotations

import threading
from collections import deque

import structlog

from camwire.frames import Frame
from camwire.link.events import EventPicture
from camwire.link.pictures import Rendition

MOST = 50
"""Pictures that wait at most; beyond, the oldest are lost, counted and logged."""

log = structlog.get_logger()


class EventPictures:
    """Any thread may call anything."""

    def __init__(self, worker: str, most: int = MOST) -> None:
        self.lost = 0
        self._worker = worker
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[EventPicture] = deque()

    def add(self, frame: Frame, payload: bytes, rendition: Rendition) -> None:
        picture = EventPicture(
            worker=self._worker,
            camera=frame.camera,
            sequence=frame.sequence,
            captured=frame.captured,
            rendition=rendition,
            jpeg=payload,
        )
        with self._lock:
            self._waiting.append(picture)
            if len(self._waiting) > self._most:
                self._waiting.popleft()
                if not self.lost:
                    log.error("too many pictures of events wait; the oldest are lost", remembered=self._most)
                self.lost += 1

    def taken(self) -> list[EventPicture]:
        """Those that wait, the oldest first."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting
