"""Messages between the server and its workers: which there are, and their bytes.

Downwards goes what is desired, as one whole document (``desired``). Upwards come a greeting, statistics once
a second (``reports``), events (``events``) and answers (``answers``); and, over a socket of their own,
pictures (``pictures``). Everything is msgpack; decoding checks types and fails with
``msgspec.ValidationError``.
"""

from __future__ import annotations

import msgspec

from camwire.link.answers import ClipMade, ProbeResult, Rehearsed
from camwire.link.desired import DesiredState
from camwire.link.events import EventPicture, Events, EventsKept, RuleState
from camwire.link.message import Message
from camwire.link.reports import Statistics


class Stop(Message, frozen=True, kw_only=True):
    """End in good order."""


class Hello(Message, frozen=True, kw_only=True):
    """A worker's first message, repeated until a desired state comes."""

    worker: str
    pid: int
    device: str


class Failure(Message, frozen=True, kw_only=True):
    """The worker can't do what is desired and says why; what ran before goes on."""

    worker: str
    revision: int
    reason: str
    as_before: bool = False
    """As in the document that it can't do."""


Downward = DesiredState | EventsKept | RuleState | Stop
Upward = Hello | Statistics | Failure | ProbeResult | Rehearsed | ClipMade | EventPicture | Events | RuleState

_encoder = msgspec.msgpack.Encoder()
_downward: msgspec.msgpack.Decoder[Downward] = msgspec.msgpack.Decoder(Downward)
_upward: msgspec.msgpack.Decoder[Upward] = msgspec.msgpack.Decoder(Upward)


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def decode_downward(data: bytes) -> Downward:
    """Raises ValueError on anything else."""
    return _downward.decode(data)


def decode_upward(data: bytes) -> Upward:
    """Raises ValueError on anything else."""
    return _upward.decode(data)
