"""The worker's end of the link: one socket for control, which loses nothing, one for pictures, which may."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog
import zmq

from camwire.frames import Frame
from camwire.link.endpoint import Endpoints
from camwire.link.message import Message
from camwire.link.messages import Downward, decode_downward, encode
from camwire.link.pictures import FrameHeader, Rendition

PICTURES_UNDER_WAY = 32
"""Pictures that wait for the server at most; more are refused, and counted by the caller."""

log = structlog.get_logger()


class WorkerEnd:
    """Used by two threads: control by one, ``publish`` by whoever passes the lanes' turnstile."""

    def __init__(self, directory: Path, worker: str) -> None:
        endpoints = Endpoints(directory)
        self._context = zmq.Context()
        self._control = self._context.socket(zmq.DEALER)
        self._control.setsockopt(zmq.IDENTITY, worker.encode())
        self._control.setsockopt(zmq.LINGER, 500)
        self._control.connect(endpoints.control)
        self._pictures = self._context.socket(zmq.PUSH)
        self._pictures.setsockopt(zmq.SNDHWM, PICTURES_UNDER_WAY)
        self._pictures.setsockopt(zmq.LINGER, 0)
        # Without IMMEDIATE pictures would queue for a server that is not there and come out stale.
        self._pictures.setsockopt(zmq.IMMEDIATE, 1)
        self._pictures.connect(endpoints.frames)

    def send(self, message: Message) -> None:
        self._control.send(encode(message))

    def receive(self, timeout: float) -> Downward | None:
        """The next message within ``timeout`` seconds; one that can't be read is logged and left out."""
        if not self._control.poll(int(timeout * 1000)):
            return None
        data = self._control.recv()
        try:
            return decode_downward(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
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
