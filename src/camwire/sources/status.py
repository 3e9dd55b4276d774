"""How a source is doing: written by its thread, read by any."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass

from camwire.frames import Size
from camwire.link.reports import CameraPhase
from camwire.sources.pace import Pace
from camwire.sources.reconnect import Reconnect
from camwire.sources.soundness import Soundness


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How a camera is doing."""

    phase: CameraPhase
    reason: str | None
    """Why it isn't live, or what is wrong all the same, for people; holds no secret."""
    retry_at: float | None
    """UTC, when the next try is due."""
    codec: str | None
    """FFmpeg's name: h264, hevc, mjpeg, …"""
    width: int
    height: int
    """The source's size in pixels; 0 before the first picture."""
    frames_in: int
    """Pictures handed to the sink."""
    discarded: dict[str, int]
    """What never reached the sink, by cause: ``corrupt``, ``before_keyframe``, ``late``."""


class SourceStatus:
    """Collects what `SourceReport` says. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.discarded = Counter(corrupt=0, before_keyframe=0, late=0)
        """Counted up by the source's thread; no key is ever added, so that others may copy it meanwhile."""
        self.pace = Pace()
        """Kept by the source's thread."""
        self._lock = threading.Lock()
        self._connection = Reconnect(random.random)
        self._soundness = Soundness()
        self._ended = False
        self._codec: str | None = None
        self._size = Size(0, 0)
        self._frames_in = 0

    def trying(self) -> None:
        """A try to connect begins."""
        with self._lock:
            self._connection.trying(time.monotonic())

    def connected(self, codec: str) -> None:
        """The source is open; no picture yet."""
        with self._lock:
            self._connection.connected()
            self._codec = codec

    def picture(self, size: Size, *, decoded: float, late: bool) -> None:
        """A picture was decoded, and is handed on unless it is late."""
        with self._lock:
            self._connection.picture(decoded)
            self._soundness.picture(decoded, self.discarded["corrupt"])
            self._size = size
            self._frames_in += not late
        self.discarded["late"] += late

    def failed(self, reason: str, *, login_refused: bool = False) -> float:
        """The try or the connection failed: returns when to try again."""
        with self._lock:
            return self._connection.failed(time.monotonic(), reason, login_refused=login_refused)

    def ended(self) -> None:
        """A file that isn't looped is over."""
        with self._lock:
            self._ended = True

    def report(self) -> SourceReport:
        """How things stand."""
        now = time.monotonic()
        with self._lock:
            connection = self._connection.state(now, self.pace.usual)
            phase, reason, retry_at = connection.phase, connection.reason, connection.retry_at
            if phase == "live":
                reason = self._soundness.complaint()
            if self._ended:
                phase, reason, retry_at = "stalled", "the file has ended", None
            return SourceReport(
                phase=phase,
                reason=reason,
                retry_at=None if retry_at is None else time.time() + retry_at - now,
                codec=self._codec,
                width=self._size.width,
                height=self._size.height,
                frames_in=self._frames_in,
                discarded=dict(+self.discarded),
            )
