"""What is made of a frame, on its way from a worker to the server: a header, and the bytes of a picture."""

from __future__ import annotations

from typing import Literal

import msgspec

from camwire.link.message import Message

Rendition = Literal["full", "thumbnail", "clean", "objects", "event", "event_clean"]
"""What is made of a frame: a JPEG with the overlay, a small one, one without overlay; FrameObjects.

The last two are ``full`` and ``clean`` once more, of a frame in which rules report something."""


class NvdsObject(msgspec.Struct, frozen=True, kw_only=True):
    """What DeepStream's rules say of an object; named as DeepStream's metadata is."""

    roi_status: list[str]
    oc_status: list[str]
    lc_status: list[str]
    """Lines crossed in this very frame."""
    dir_status: str
    obj_status: str


class NvdsFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What DeepStream's rules say of a frame, by label; named as DeepStream's metadata is."""

    oc_status: dict[str, bool]
    obj_in_roi_cnt: dict[str, int]
    obj_lc_curr_cnt: dict[str, int]
    obj_lc_cum_cnt: dict[str, int]
    obj_cnt: dict[str, int]
    """By class name."""
    objects: dict[int, NvdsObject]
    """Those of which there is something to say, by place among the frame's objects."""


class FrameObjects(msgspec.Struct, frozen=True, kw_only=True):
    """The tracked objects of a frame, one entry each in every list."""

    ids: list[int]
    classes: list[str]
    scores: list[float]
    boxes: list[list[float]]
    """x1, y1, x2, y2 in pixels of the full picture."""
    nvdsanalytics: NvdsFrame | None = None
    """None where no such rules run."""


class FrameHeader(Message, frozen=True, kw_only=True):
    """Goes before what was made of a frame, as the first part of a two-part message."""

    camera: str
    sequence: int
    epoch: int
    width: int
    height: int
    captured: float
    """UTC."""
    arrived: float
    published: float
    """Monotonic seconds, comparable between processes of one machine."""
    rendition: Rendition = "full"


def of_event(rendition: Rendition) -> Rendition:
    """``full`` or ``clean``, as it is called when it is the picture of an event."""
    return "event_clean" if rendition == "clean" else "event"


_encoder = msgspec.msgpack.Encoder()

_header = msgspec.msgpack.Decoder(FrameHeader)

_objects = msgspec.msgpack.Decoder(FrameObjects)


def encode_objects(objects: FrameObjects) -> bytes:
    return _encoder.encode(objects)


def decode_objects(data: bytes | memoryview) -> FrameObjects:
    """Raises ValueError on anything else."""
    return _objects.decode(data)


def decode_header(data: bytes) -> FrameHeader:
    """Raises ValueError on anything else."""
    return _header.decode(data)
