"""The WebSocket protocol of docs/reference/websocket.md, as pure functions on bytes and text."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from camwire.link.pictures import FrameHeader, FrameObjects, Rendition

LARGEST_MESSAGE = 64 << 10
"""Bytes that a client's message may have."""

GOING_AWAY = 1001
UNSUPPORTED_DATA = 1003
INVALID_TEXT = 1007
TOO_SLOW = 4008
"""Close code for a client that takes nothing for too long."""

_LONGEST_ECHO = 60


class ClearStats(msgspec.Struct, frozen=True, tag_field="type", tag="clear_stats"):
    """All counters and latencies are to start anew; where rules are named, what these have counted alone."""

    rules: tuple[str, ...] | None = None


class SetVisToggle(msgspec.Struct, frozen=True, tag_field="type", tag="set_vis_toggle"):
    """Something is to be drawn, or no longer, for everyone."""

    toggle: str
    enabled: bool


class Subscribe(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe", forbid_unknown_fields=True):
    """What the client wants from now on; each such message says all of it."""

    cameras: tuple[str, ...] | None = None
    """Ids; None for all, those that are added later too."""
    max_fps: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 0.0
    """Of each camera; 0 for all there are."""
    size: Literal["full", "thumbnail"] = "full"
    frames: bool = True
    metadata: bool = False
    events: bool = False
    """Of the cameras subscribed to."""
    header: Literal["plain", "extended"] = "plain"


class Wrong(msgspec.Struct, frozen=True):
    """A client's message that means nothing; ``problem`` tells the client why."""

    problem: str


class Refused(msgspec.Struct, frozen=True):
    """A client's message that ends its connection."""

    code: int
    reason: str


ClientMessage = ClearStats | SetVisToggle | Subscribe
_client_message: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)


def parse_client_message(message: str | bytes) -> ClientMessage | Wrong | Refused:
    """What a client wants, or what is wrong with its message; never raises."""
    if isinstance(message, bytes):
        return Refused(UNSUPPORTED_DATA, "only text messages are understood")
    try:
        return _client_message.decode(message)
    except msgspec.ValidationError as error:
        return Wrong(f"{_shortened(str(error))}; known types: clear_stats, set_vis_toggle, subscribe")
    except msgspec.DecodeError as error:
        return Wrong(f"not JSON: {_shortened(str(error))}")
    except RecursionError:
        return Wrong("not understood: nested too deeply")
    except UnicodeError:
        return Wrong("not JSON: not valid Unicode")


def unknown_toggle(name: str, known: Iterable[str]) -> Wrong:
    """For a toggle that doesn't exist."""
    return Wrong(f"unknown toggle {_shortened(name)!r}; known: {', '.join(known)}")


def picture(camera: str, jpeg: bytes | memoryview) -> bytes:
    """The binary message for a picture; built once, sent to all.

    ``camera`` has 1 to 255 bytes of UTF-8 (the configuration sees to it); more raise ValueError.
    """
    name = camera.encode()
    return b"".join((bytes((len(name),)), name, jpeg))


_EXTENDED = struct.Struct(">BBBBQQHH")
"""0, version, size, length of the id, sequence, captured, width, height."""
_VERSION = 1
_SIZES: tuple[Rendition, ...] = ("full", "thumbnail")


def extended_picture(header: FrameHeader, jpeg: bytes | memoryview) -> bytes:
    """The binary message for a picture, for clients that asked for the extended header.

    Its first byte is 0, which no plain message begins with. Raises ValueError for what doesn't fit into it.
    """
    name = header.camera.encode()
    try:
        head = _EXTENDED.pack(
            0,
            _VERSION,
            _SIZES.index(header.rendition),
            len(name),
            header.sequence,
            round(header.captured * 1e6),
            header.width,
            header.height,
        )
    except (struct.error, OverflowError) as error:
        raise ValueError(f"a header says what can't be: {error}") from None
    return b"".join((head, name, jpeg))


def parse_extended(message: bytes) -> tuple[FrameHeader, bytes]:
    """What `extended_picture` wrote, for programs in Python; ``epoch`` and monotonic times are not sent.

    Raises ValueError where it is something else.
    """
    try:
        zero, version, size, length, sequence, captured, width, height = _EXTENDED.unpack_from(message)
    except struct.error:
        raise ValueError("too short for an extended header") from None
    start = _EXTENDED.size + length
    if zero or version != _VERSION or size >= len(_SIZES) or not length or len(message) < start:
        raise ValueError("no extended header of version 1")
    header = FrameHeader(
        camera=message[_EXTENDED.size : start].decode(),
        sequence=sequence,
        epoch=0,
        width=width,
        height=height,
        captured=captured / 1e6,
        arrived=0.0,
        published=0.0,
        rendition=_SIZES[size],
    )
    return header, message[start:]


def objects_message(header: FrameHeader, objects: FrameObjects) -> str:
    """The objects of a frame, and what DeepStream's rules say of it where they run."""
    listed: list[dict[str, Any]] = [
        {"id": number, "class": name, "score": score, "box": box}
        for number, name, score, box in zip(
            objects.ids, objects.classes, objects.scores, objects.boxes, strict=True
        )
    ]
    message = {
        "type": "objects",
        "camera": header.camera,
        "sequence": header.sequence,
        "captured": round(header.captured, 6),
        "width": header.width,
        "height": header.height,
        "objects": listed,
    }
    if objects.nvdsanalytics is not None:
        message["nvdsanalytics"] = analysed = msgspec.to_builtins(objects.nvdsanalytics)
        for place, told in analysed.pop("objects").items():
            listed[place]["nvdsanalytics"] = told
    return _text(message)


def event_message(event: Mapping[str, Any]) -> str:
    """Something that a rule reported, as `GET /api/v1/events` tells it."""
    return _text({"type": "event", "event": dict(event)})


def subscribed_message(subscribe: Subscribe) -> str:
    """Confirms what a client has subscribed to, with what it left out filled in."""
    return _text({**msgspec.to_builtins(subscribe), "type": "subscribed"})


def unknown_cameras(names: Iterable[str]) -> Wrong:
    """For a subscription to cameras that aren't configured."""
    shown = ", ".join(repr(_shortened(name)) for name in list(names)[:5])
    return Wrong(f"no such cameras: {shown}; the subscription stays as it was")


def unknown_rules(names: Iterable[str]) -> Wrong:
    """For rules to be cleared that aren't configured."""
    shown = ", ".join(repr(_shortened(name)) for name in list(names)[:5])
    return Wrong(f"no such rules: {shown}; nothing was cleared")


def toggles_message(toggles: Mapping[str, bool]) -> str:
    """All toggles and their values."""
    return _text({"type": "toggles", "toggles": dict(toggles)})


def stats_message(statistics: Mapping[str, Any]) -> str:
    """Statistics, as `statistics.compose` puts them together."""
    return _text({"type": "stats", **statistics})


def error_message(problem: str) -> str:
    """Tells one client what was wrong with its message."""
    return _text({"type": "error", "message": problem})


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_ECHO else text[: _LONGEST_ECHO - 1] + "…"
