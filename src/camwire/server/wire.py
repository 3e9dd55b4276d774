"""The WebSocket protocol of docs/reference/websocket.md, as pure functions on bytes and text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

LARGEST_MESSAGE = 64 << 10
"""Bytes that a client's message may have."""

GOING_AWAY = 1001
UNSUPPORTED_DATA = 1003
INVALID_TEXT = 1007
TOO_SLOW = 4008
"""Close code for a client that takes nothing for too long."""

_LONGEST_ECHO = 60


class ClearStats(msgspec.Struct, frozen=True, tag_field="type", tag="clear_stats"):
    """All counters and latencies are to start anew."""


class SetVisToggle(msgspec.Struct, frozen=True, tag_field="type", tag="set_vis_toggle"):
    """Something is to be drawn, or no longer, for everyone."""

    toggle: str
    enabled: bool


class Wrong(msgspec.Struct, frozen=True):
    """A client's message that means nothing; ``problem`` tells the client why."""

    problem: str


class Refused(msgspec.Struct, frozen=True):
    """A client's message that ends its connection."""

    code: int
    reason: str


ClientMessage = ClearStats | SetVisToggle
_client_message: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)


def parse_client_message(message: str | bytes) -> ClientMessage | Wrong | Refused:
    """What a client wants, or what is wrong with its message; never raises."""
    if isinstance(message, bytes):
        return Refused(UNSUPPORTED_DATA, "only text messages are understood")
    try:
        return _client_message.decode(message)
    except msgspec.ValidationError as error:
        return Wrong(f"{_shortened(str(error))}; known types: clear_stats, set_vis_toggle")
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
