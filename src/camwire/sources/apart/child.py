"""The source process: reads cameras and puts their pictures on the worker's shelves, till the worker is gone.

python -m camwire.sources.apart.child SOCKET PLACES LAST_WORDS MODULE:FUNCTION [ARGUMENT …]
The first three are numbers of file descriptors; the function makes the Borrower (`shelves.py`) or raises
SourceError.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress

import av
import structlog

from camwire.children import log_to, named
from camwire.sources.apart.blame import LastWords
from camwire.sources.apart.messages import (
    Cut,
    Ended,
    Impossible,
    Incoming,
    Noted,
    Order,
    Outgoing,
    Reading,
    Ready,
    Recall,
    Reports,
    ShelfMade,
    ShelfRefused,
    Start,
    Stop,
    VideoMade,
    VideoPart,
)
from camwire.sources.apart.placing import Placing
from camwire.sources.apart.shelves import Borrower, Places
from camwire.sources.camera import CameraSource
from camwire.sources.faults import SourceError
from camwire.sources.numbering import Numbering
from camwire.sources.packets import PacketRing

REPORT_EVERY = 0.2
"""Seconds."""
PIECE = 1 << 16
"""Bytes that are received, or sent of a video, at once."""

_log = structlog.get_logger(__name__)


class Run:
    """A camera that is read here."""

    def __init__(self, order: Start, borrower: Borrower, places: Places, say: Outgoing) -> None:
        self.ring = PacketRing(order.recall_s)
        self.placing = Placing(order.run, borrower, places, say, patient=not order.paced)
        self.source = CameraSource(
            order.camera,
            self.placing,
            bound=order.bound,
            hwaccel=borrower.hwaccel,
            refuses=borrower.refuses,
            settle=lambda: say(Reading(order.run, threading.get_ident())),
            paced=order.paced,
            looped=order.looped,
            ring=self.ring,
            numbering=Numbering(order.sequence, order.epoch, order.turn),
        )

    def stop(self) -> None:
        self.source.stop()  # first: what it waits for in vain then is no failure any more
        self.placing.stop()


class Cameras:
    """Does what the worker orders; reports on a thread of its own."""

    def __init__(self, borrower: Borrower, places: Places, say: Outgoing) -> None:
        self._borrower, self._places, self._say = borrower, places, say
        self._runs: dict[int, Run] = {}
        self._reporter = threading.Thread(target=self._reporting, name="reporter", daemon=True)

    def start(self) -> None:
        self._say(Ready())
        self._reporter.start()

    def obey(self, order: Order) -> None:
        if isinstance(order, Start):
            run = self._runs[order.run] = Run(order, self._borrower, self._places, self._say)
            run.source.start()
        elif (known := self._runs.get(order.run)) is not None:
            self._tell(known, order)
        elif isinstance(order, Cut):
            self._say(VideoMade(order.run, order.question))

    def _tell(self, run: Run, order: Order) -> None:
        match order:
            case Stop():
                run.stop()
            case Recall():
                run.ring.longest = order.seconds
            case ShelfMade() | ShelfRefused():
                run.placing.hear(order)
            case Cut():
                threading.Thread(target=self._cut, args=(run.ring, order), name="video", daemon=True).start()

    def _cut(self, ring: PacketRing, order: Cut) -> None:
        try:
            video = ring.video(order.since, order.until)
        except (ValueError, av.FFmpegError) as error:
            self._say(VideoMade(order.run, order.question, reason=str(error)))
            return
        if video is None:
            self._say(VideoMade(order.run, order.question))
            return
        for begin in range(0, len(video.mp4), PIECE):  # frames go in between
            self._say(VideoPart(order.run, order.question, video.mp4[begin : begin + PIECE]))
        self._say(VideoMade(order.run, order.question, video.seconds))

    def _reporting(self) -> None:
        """The thread's supervisor boundary: a process that can't report any more is no good."""
        pause = threading.Event()
        try:
            while not pause.wait(REPORT_EVERY):
                self.report()
        except OSError:
            return  # the worker is gone, and so is this process in a moment
        except Exception as error:  # noqa: BLE001
            at = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{at.filename}:{at.lineno}"
            _log.error("a source process can't report", error=type(error).__name__, where=where)
            os._exit(1)  # the worker starts another one

    def report(self) -> None:
        """Say how each run does, and which have ended."""
        runs = dict(self._runs)
        ended = [number for number, run in runs.items() if run.source.join(0)]  # before their last reports
        self._say(Reports({number: run.source.report() for number, run in runs.items()}))
        for number in ended:
            self._runs.pop(number).placing.close()
            self._say(Ended(number))


def serve(connection: socket.socket, places: Places, make_borrower: Callable[[], Borrower]) -> None:
    """Obey until the other end is closed."""
    say, orders = Outgoing(connection), Incoming[Order](Order)
    log_to(lambda remark: say(Noted(remark)))
    try:
        borrower = make_borrower()
    except SourceError as error:
        say(Impossible(str(error)))
        return
    cameras = Cameras(borrower, places, say)
    cameras.start()
    while piece := connection.recv(PIECE):
        for order in orders(piece):
            cameras.obey(order)


if __name__ == "__main__":
    ours, table, last_words, borrower, *arguments = sys.argv[1:]
    LastWords(int(last_words)).are_mine()
    with suppress(ConnectionError):  # the worker ended
        serve(socket.socket(fileno=int(ours)), Places(int(table)), lambda: named(borrower)(*arguments))
    # Cameras' threads may be in FFmpeg for seconds yet, and nobody waits for what they would bring.
    os._exit(0)
