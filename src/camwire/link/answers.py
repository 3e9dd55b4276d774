"""What came of what the server asked for: a camera tried, rules tried out, a clip."""

from __future__ import annotations

import msgspec

from camwire.link.events import LinkedEvent
from camwire.link.message import Message


class ProbeResult(Message, frozen=True, kw_only=True):
    """What came of a probe: a picture, or the reason why there is none, for people and without a secret."""

    worker: str
    probe: str
    reason: str | None = None
    codec: str | None = None
    width: int = 0
    height: int = 0
    """The source's size in pixels."""
    jpeg: bytes = b""


class Rehearsed(Message, frozen=True, kw_only=True):
    """What came of a rehearsal; ``reason``: why it was impossible."""

    worker: str
    rehearsal: str
    reason: str | None = None
    since: float = 0.0
    until: float = 0.0
    """UTC of the first and the last frame."""
    frames: int = 0
    """0: nothing was recorded."""
    counts: dict[str, dict[str, dict[str, int]]] = msgspec.field(default_factory=dict)
    """By rule, what is counted, and class."""
    events: tuple[LinkedEvent, ...] = ()


class ClipMade(Message, frozen=True, kw_only=True):
    """What came of a clip: an MP4 file, or the reason why there is none."""

    worker: str
    clip: str
    reason: str | None = None
    mp4: bytes = b""
    seconds: float = 0.0
