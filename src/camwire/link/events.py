"""What rules report: sent until it is kept, and what they have counted."""

from __future__ import annotations

from typing import Any

import msgspec

from camwire.link.message import Message
from camwire.link.pictures import Rendition


class LinkedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a rule reports."""

    id: str
    """Unique; an event that is sent again has the same."""
    time: float
    """UTC, of the frame."""
    camera: str
    rule: str
    kind: str
    body: dict[str, Any]
    """What else there is to say of it, as plain values."""


class EventPicture(Message, frozen=True, kw_only=True):
    """The picture of a frame in which rules report something."""

    worker: str
    camera: str
    sequence: int
    captured: float
    """UTC."""
    rendition: Rendition
    jpeg: bytes


class Events(Message, frozen=True, kw_only=True):
    """Events in their order, sent again until the server has said that it keeps them."""

    worker: str
    pid: int
    upto: int
    """Number of the last one; numbers count a worker's events."""
    events: tuple[LinkedEvent, ...]


class EventsKept(Message, frozen=True, kw_only=True):
    """The server has events on its disk; the worker needn't remember them any longer."""

    pid: int
    """Of the worker that sent them."""
    upto: int
    """Number of the last one."""


class RuleState(Message, frozen=True, kw_only=True):
    """What the rules have counted, in the worker's own form: up once a second, and down to a worker that was
    started again, before its desired state."""

    state: bytes
    moved: bool = False
    """Of cameras that come from another worker to one that runs."""
