"""What a worker and a source process say to each other, as bytes.

Messages follow each other in a stream: the length of one, then the message (msgpack). A picture stays where
it is: a message says in which place of which shelf it lies and how (`shelves.py`).
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from camwire.children import Remark
from camwire.frames import Frame, Size
from camwire.link.desired import DesiredCamera
from camwire.sources.status import SourceReport

NO_PLACE = -1
"""In place of the number of a place: the picture was lost, because every place was taken."""
LENGTH = struct.Struct("<I")


class Said(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A message: its kind and its fields."""


class Start(Said, frozen=True):
    """Run a camera. ``run`` is what all messages call it: a camera that is started again is another run."""

    run: int
    camera: DesiredCamera
    bound: Size
    paced: bool
    looped: bool
    recall_s: float
    sequence: int
    epoch: int
    turn: int


class Stop(Said, frozen=True):
    """End a run; the answer is Ended."""

    run: int


class Recall(Said, frozen=True):
    """Keep so many seconds of packets."""

    run: int
    seconds: float


class ShelfMade(Said, frozen=True):
    """A shelf for a run's pictures. ``row``: of the table of places that are taken."""

    run: int
    row: int
    place_size: int
    """Bytes."""
    handle: bytes
    """What opens it in another process."""


class ShelfRefused(Said, frozen=True):
    """There is no shelf; the camera tells people why."""

    run: int
    reason: str


class Cut(Said, frozen=True):
    """Make a video of what came between two times (UTC); the answer is VideoParts and VideoMade."""

    run: int
    question: int
    since: float
    until: float


class Ready(Said, frozen=True):
    """The process takes orders."""


class Reading(Said, frozen=True):
    """A run's thread has begun; nothing has been done for it yet that might end the process."""

    run: int
    thread: int
    """In which it is read: ``threading.Thread.ident``."""


class Arrived(Said, frozen=True):
    """A picture."""

    run: int
    row: int
    place: int
    """Or NO_PLACE."""
    how: tuple[Any, ...]
    """How the picture lies there (``shelves.Lying``)."""
    frame: Frame
    """Without its picture."""


class ShelfWanted(Said, frozen=True):
    """A run has no shelf yet, or its pictures have outgrown it."""

    run: int
    place_size: int
    """Bytes."""


class Reports(Said, frozen=True):
    """How each run does."""

    reports: dict[int, SourceReport]


class Ended(Said, frozen=True):
    """A run's thread has ended."""

    run: int


class VideoPart(Said, frozen=True):
    """The next bytes of a video."""

    run: int
    question: int
    content: bytes


class VideoMade(Said, frozen=True):
    """The video is complete; or it can't be made, for this ``reason``, or there is nothing to make it of."""

    run: int
    question: int
    seconds: float | None = None
    reason: str | None = None


class Impossible(Said, frozen=True):
    """The process can't read any camera, for this reason, and ends."""

    reason: str


class Noted(Said, frozen=True):
    """A line for the log."""

    remark: Remark


Order = Start | Stop | Recall | ShelfMade | ShelfRefused | Cut
"""What the worker says."""
Report = (
    Ready | Reading | Arrived | ShelfWanted | Reports | Ended | VideoPart | VideoMade | Impossible | Noted
)
"""What the source process says."""

Message = TypeVar("Message")


class Incoming(Generic[Message]):
    """Messages out of the pieces of a stream, wherever it was cut."""

    def __init__(self, kinds: Any) -> None:
        """``kinds``: Order or Report."""
        self._decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(kinds)
        self._rest = b""

    def __call__(self, piece: bytes) -> Iterator[Message]:
        """The messages that are complete with this piece. Raises msgspec.DecodeError."""
        data = self._rest + piece if self._rest else piece
        begin, end = 0, len(data)
        while end - begin >= LENGTH.size:
            (length,) = LENGTH.unpack_from(data, begin)
            after = begin + LENGTH.size + length
            if after > end:
                break
            message = memoryview(data)[begin + LENGTH.size : after]
            begin = after
            yield self._decoded(message)
        self._rest = data[begin:]

    def _decoded(self, message: memoryview) -> Message:
        try:
            return self._decoder.decode(message)
        except UnicodeDecodeError as error:
            raise msgspec.DecodeError(str(error)) from None


class Outgoing:
    """Sends messages; by any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._encoder = msgspec.msgpack.Encoder(enc_hook=str)  # remarks may hold anything
        self._lock = threading.Lock()

    def __call__(self, message: Order | Report) -> None:
        """Raises OSError where the other end is gone."""
        encoded = self._encoder.encode(message)
        with self._lock:
            self._connection.sendall(LENGTH.pack(len(encoded)) + encoded)
