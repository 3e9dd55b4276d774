"""The server's end of the link: a socket for control and one for pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import structlog
import zmq
import zmq.asyncio

from camwire.link.endpoint import Endpoints
from camwire.link.message import LARGEST_MESSAGE
from camwire.link.messages import Downward, Upward, decode_upward, encode
from camwire.link.pictures import FrameHeader, decode_header

PICTURES_WAITING = 64
"""Pictures of one worker that may wait here; when there are so many, it drops newer ones and counts them."""
LARGEST_PICTURE = 64 << 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LinkedPicture:
    """What was made of a frame, as it came: ``payload`` is memory of the socket's own, not copied."""

    header: FrameHeader
    payload: memoryview


class ServerEnd:
    """Both sockets, bound. Use it as a context manager, inside a running event loop.

    What can't be read is counted in ``unreadable``, logged and left out; nothing a worker sends raises.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self.unreadable = 0
        self._context = zmq.asyncio.Context()
        self._control = self._context.socket(zmq.ROUTER)
        # A worker that was started again has its predecessor's name, whose connection may still be open.
        self._control.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self._control.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._control.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        self._control.setsockopt(zmq.LINGER, 0)
        self._control.bind(endpoints.control)
        self._frames = self._context.socket(zmq.PULL)
        self._frames.setsockopt(zmq.RCVHWM, PICTURES_WAITING)
        self._frames.setsockopt(zmq.MAXMSGSIZE, LARGEST_PICTURE)
        self._frames.setsockopt(zmq.LINGER, 0)
        self._frames.bind(endpoints.frames)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._frames.close()
        self._context.term()

    async def send(self, worker: str, message: Downward) -> bool:
        """Hand a message to a worker without waiting; false when it isn't connected or takes nothing."""
        try:
            await self._control.send_multipart([worker.encode(), encode(message)], flags=zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                return False
            raise
        return True

    async def receive(self) -> tuple[str, Upward]:
        """The next message of any worker, with the worker's name."""
        while True:
            parts = await self._control.recv_multipart()
            try:
                worker, payload = parts
                return worker.decode(), decode_upward(payload)
            except ValueError as error:
                self._leave_out("message", parts[0], error)

    async def picture(self) -> LinkedPicture:
        """The next picture of any worker."""
        while True:
            parts = await self._frames.recv_multipart(copy=False)
            try:
                header, payload = parts
                return LinkedPicture(decode_header(header.bytes), payload.buffer)
            except ValueError as error:
                self._leave_out("picture", parts[0].bytes, error)

    def _leave_out(self, what: str, beginning: bytes, error: Exception) -> None:
        self.unreadable += 1
        log.warning(
            "a worker sent something that can't be read; it is left out",
            what=what,
            beginning=beginning[:40],
            problem=str(error),
            so_far=self.unreadable,
        )
