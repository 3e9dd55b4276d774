"""Pictures of events on their way to the server."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import structlog

from camwire.frames import Frame
from camwire.link.events import EventPicture
from camwire.link.pictures import Rendition
from camwire.pipeline.losses import Losses

MOST = 50
"""Pictures that wait at most; beyond, the oldest are lost, counted and logged."""

log = structlog.get_logger()


class EventPictures:
    """Any thread may call anything."""

    def __init__(self, worker: str, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._losses = Losses(clock)
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
                self._count_lost()

    def refused(self) -> None:
        """One that was taken could not be sent."""
        with self._lock:
            self._count_lost()

    def _count_lost(self) -> None:
        if self._losses.add():
            log.error(
                "pictures of events are lost: there are too many, or the server takes none",
                remembered=self._most,
                lost=self._losses.total,
            )

    @property
    def lost(self) -> int:
        """Pictures that will never reach the server."""
        with self._lock:
            return self._losses.total

    def taken(self) -> list[EventPicture]:
        """Those that wait, the oldest first."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting
