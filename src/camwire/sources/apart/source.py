"""A camera that is read in a source process, to those who use it: as a ``CameraSource`` and its ring."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from camwire.frames import Frame, Size
from camwire.link.desired import DesiredCamera
from camwire.sources.apart.messages import (
    NO_PLACE,
    Arrived,
    Cut,
    Order,
    Recall,
    Start,
    VideoMade,
    VideoPart,
)
from camwire.sources.camera import FrameSink
from camwire.sources.numbering import Numbering
from camwire.sources.packets import Video
from camwire.sources.status import SourceReport

VIDEO_PATIENCE = 30.0
"""Seconds that making a video may take."""

NOT_YET = SourceReport(
    phase="connecting", reason=None, retry_at=None, codec=None, width=0, height=0, frames_in=0, discarded={}
)


class Reader(Protocol):
    """The process that reads a source."""

    def begin(self, source: ApartSource) -> None: ...
    def end(self, source: ApartSource) -> None: ...
    def order(self, order: Order) -> bool:
        """Whether there is a process that hears it."""


class LosingSink(FrameSink, Protocol):
    """Where frames go, and where word goes of those that came to nothing on their way."""

    def lose(self, frame: Frame) -> None:
        """A frame without a picture: there was no place for it, because earlier ones are still looked at."""


class ApartSource:
    """``start``, ``stop``, ``join``, ``report`` and ``longest`` are for its users; ``hear_…`` for the thread
    that listens to the source process."""

    def __init__(
        self,
        run: int,
        camera: DesiredCamera,
        sink: LosingSink,
        *,
        bound: Size,
        paced: bool,
        looped: bool,
        recall_s: float,
        numbering: Numbering,
        reader: Reader,
    ) -> None:
        """``run`` is what messages call it."""
        self.run = run
        self.camera = camera
        self._sink = sink
        self._bound, self._paced, self._looped, self._recall_s = bound, paced, looped, recall_s
        self._numbers = numbering
        self._reader = reader
        self._moving = threading.Lock()
        """Held while who reads it changes, or is told to end."""
        self._stopped = False
        self._ended = threading.Event()
        self._reports = NOT_YET, NOT_YET
        """The last of the process that reads it now, and one that counts what came in those before."""
        self._videos = VideoQuestions(run, self._order)

    def start(self) -> None:
        """Start reading; returns at once."""
        self._reader.begin(self)

    def stop(self) -> None:
        """Ask to end; returns at once. No frame comes any more that isn't on its way to the sink already."""
        with self._moving:
            self._stopped = True
            self._reader.end(self)

    def move_to(self, reader: Reader) -> None:
        """Be read by another one from now on. The one before reads it no more."""
        with self._moving:
            self._reader = reader
            if self._stopped:
                self.hear_ended()
            else:
                reader.begin(self)

    def join(self, timeout: float) -> bool:
        """Wait for the end, ``timeout`` seconds at most; whether it has come."""
        return self._ended.wait(timeout)

    def report(self) -> SourceReport:
        """How things stand, or stood a moment ago."""
        now, before = self._reports
        return replace(
            now,
            frames_in=before.frames_in + now.frames_in,
            discarded=dict(Counter(before.discarded) + Counter(now.discarded)),
        )

    @property
    def longest(self) -> float:
        """Seconds of packets that are kept at least."""
        return self._recall_s

    @longest.setter
    def longest(self, seconds: float) -> None:
        if seconds != self._recall_s:
            self._recall_s = seconds
            self._reader.order(Recall(self.run, seconds))

    def video(self, since: float, until: float) -> Video | None:
        """See ``camwire.sources.packets.Recalling``."""
        return self._videos.ask(since, until)

    def _order(self, order: Order) -> bool:
        return not self._ended.is_set() and self._reader.order(order)

    def started(self) -> Start:
        """The order that starts it in a process, where it goes on as it was in the one before."""
        numbers = self._numbers
        return Start(
            self.run,
            self.camera,
            self._bound,
            self._paced,
            self._looped,
            self._recall_s,
            numbers.sequence,
            numbers.epoch,
            numbers.turn,
        )

    def hear_arrived(self, message: Arrived, picture: Any) -> None:
        """A frame; ``picture`` is None where there was no place for it."""
        if self._stopped:
            return  # the next source of this camera may be counting already
        numbers, frame = self._numbers, message.frame
        numbers.sequence, numbers.epoch, numbers.turn = frame.sequence + 1, frame.epoch, frame.turn
        if message.place == NO_PLACE:
            self._sink.lose(frame)
        else:
            self._sink.put(frame.with_picture(picture))

    def hear_report(self, report: SourceReport) -> None:
        self._reports = report, self._reports[1]

    def hear_video(self, message: VideoPart | VideoMade) -> None:
        self._videos.hear(message)

    def hear_ended(self) -> None:
        self._ended.set()
        self._videos.give_up()

    def hear_lost(self, reason: str, retry_at: float) -> None:
        """The process is gone; the next one starts at ``retry_at`` (UTC)."""
        before = self.report()
        now = replace(NOT_YET, phase="retrying", reason=reason, retry_at=retry_at, codec=before.codec)
        self._reports = now, before
        self._videos.give_up()


class VideoQuestions:
    """Videos that are asked for, one at a time, and their parts as they come."""

    def __init__(self, run: int, order: Callable[[Order], bool]) -> None:
        """``order``: tells the process, if there is one; else it is false."""
        self._run, self._order = run, order
        self._asking = threading.Lock()
        self._number = 0
        self._heard: SimpleQueue[VideoPart | VideoMade | None] | None = None
        """While somebody waits."""

    def ask(self, since: float, until: float) -> Video | None:
        """See ``camwire.sources.packets.Recalling``."""
        with self._asking:
            self._number += 1
            heard = self._heard = SimpleQueue()
            try:
                if not self._order(Cut(self._run, self._number, since, until)):
                    return None
                return put_together(heard)
            finally:
                self._heard = None

    def hear(self, message: VideoPart | VideoMade) -> None:
        if (heard := self._heard) is not None and message.question == self._number:
            heard.put(message)

    def give_up(self) -> None:
        """The packets are gone with their process."""
        if (heard := self._heard) is not None:
            heard.put(None)


def put_together(heard: SimpleQueue[VideoPart | VideoMade | None]) -> Video | None:
    """A video of its parts, as they come. Raises ValueError where it can't be made."""
    parts: list[bytes] = []
    try:
        while isinstance(message := heard.get(timeout=VIDEO_PATIENCE), VideoPart):
            parts.append(message.content)
    except Empty:
        return None
    if message is not None and message.reason is not None:
        raise ValueError(message.reason)
    return Video(b"".join(parts), message.seconds) if message and message.seconds is not None else None
