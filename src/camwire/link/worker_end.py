"""The worker's end of the link: a socket for control and one for pictures, neither of which ever waits."""

from __future__ import annotations

import time
from pathlib import Path

import structlog
import zmq

from camwire.frames import Frame
from camwire.link.endpoint import Endpoints
from camwire.link.message import LARGEST_MESSAGE, Message
from camwire.link.messages import Downward, decode_downward, encode
from camwire.link.pictures import FrameHeader, Rendition

PICTURES_UNDER_WAY = 32
"""Pictures that wait for the server at most; more are refused, and counted by the caller."""
MESSAGES_UNDER_WAY = 200
"""Of the others. A server that is alive takes them at once; one that was stopped shouldn't find old ones."""
LOG_EVERY = 10.0

log = structlog.get_logger()


class WorkerEnd:
    """Used by two threads: control by one, ``publish`` by whoever passes the lanes' turnstile."""

    def __init__(self, directory: Path, worker: str) -> None:
        self.refused = 0
        """Messages that ``send`` could not hand over."""
        self._logged = float("-inf")
        endpoints = Endpoints(directory)
        self._context = zmq.Context()
        self._control = self._context.socket(zmq.DEALER)
        self._control.setsockopt(zmq.IDENTITY, worker.encode())
        self._control.setsockopt(zmq.LINGER, 500)
        self._control.setsockopt(zmq.SNDHWM, MESSAGES_UNDER_WAY)
        self._control.connect(endpoints.control)
        self._pictures = self._context.socket(zmq.PUSH)
        self._pictures.setsockopt(zmq.SNDHWM, PICTURES_UNDER_WAY)
        self._pictures.setsockopt(zmq.LINGER, 0)
        # Without IMMEDIATE pictures would queue for a server that is not there and come out stale.
        self._pictures.setsockopt(zmq.IMMEDIATE, 1)
        self._pictures.connect(endpoints.frames)

    def send(self, message: Message) -> bool:
        """Hand a message to the server without waiting; false, counted and logged, when it can't be taken.

        Either the server takes nothing, or the message is too large.
        """
        data = encode(message)
        if len(data) > LARGEST_MESSAGE:
            return self._refuse(
                message, f"it has {len(data) >> 20} MiB, of which {LARGEST_MESSAGE >> 20} are allowed"
            )
        try:
            self._control.send(data, flags=zmq.NOBLOCK)
        except zmq.Again:
            return self._refuse(message, "the server takes nothing")
        return True

    def _refuse(self, message: Message, reason: str) -> bool:
        self.refused += 1
        if (now := time.monotonic()) >= self._logged + LOG_EVERY:
            self._logged = now
            log.error(
                "a message to the server is lost",
                what=type(message).__name__,
                reason=reason,
                so_far=self.refused,
            )
        return False

    def receive(self, timeout: float) -> Downward | None:
        """The next message within ``timeout`` seconds; one that can't be read is logged and left out."""
        if not self._control.poll(int(timeout * 1000)):
            return None
        data = self._control.recv()
        try:
            return decode_downward(data)
        except ValueError as error:
            log.error("a message from the server can't be read", problem=str(error), size=len(data))
            return None

    def publish(self, frame: Frame, payload: bytes, published: float, rendition: Rendition = "full") -> bool:
        """Hand what was made of a frame to the server without waiting; false when it could not be taken."""
        header = FrameHeader(
            camera=frame.camera,
            sequence=frame.sequence,
            epoch=frame.epoch,
            width=frame.size.width,
            height=frame.size.height,
            captured=frame.captured,
            arrived=frame.arrived,
            published=published,
            rendition=rendition,
        )
        try:
            self._pictures.send_multipart([encode(header), payload], flags=zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return False
        return True

    def close(self) -> None:
        self._control.close()
        self._pictures.close()
        self._context.term()
