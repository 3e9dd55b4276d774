"""What comes over the link: a message, or an error that its reader expects; a picture, or none."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from camwire.link.desired import DesiredState
from camwire.link.message import Message
from camwire.link.messages import decode_downward, decode_upward, encode
from camwire.link.pictures import FrameHeader, FrameObjects, decode_header, decode_objects, encode_objects
from camwire.server.desired import Desired
from camwire.server.hub import Hub
from tests.fuzz.damage import Wound, damaged, wounds
from tests.server.configs import config

NUMBERS = [msgspec.msgpack.encode(value) for value in (-1, 2**63, float("nan"), float("inf"), None, True)]
PIECES = [b"\xc0", b"\xc1", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\x91" * 30, *NUMBERS]
DECODERS = [decode_downward, decode_upward, decode_header, decode_objects]

HEADER = FrameHeader(
    camera="gate", sequence=1, epoch=0, width=4, height=2, captured=1.0, arrived=2.0, published=3.0
)
OBJECTS = FrameObjects(ids=[1], classes=["person"], scores=[0.5], boxes=[[1.0, 2.0, 3.0, 4.0]])


PASSWORD = "Marabou83"
SECRET_URL = f"rtsp://viewer:{PASSWORD}@192.0.2.1/live"


def filled(kind: type) -> Any:
    """A message of the kind, of which every field holds something; URLs hold a password."""
    fields = msgspec.structs.fields(kind)
    return kind(**{field.name: SECRET_URL if field.name == "url" else sample(field.type) for field in fields})


def sample(kind: Any) -> Any:
    found = msgspec.inspect.type_info(kind)
    return _sample(found)


def _sample(info: Any) -> Any:
    match info:
        case msgspec.inspect.UnionType(types=types):
            return _sample(types[0])
        case msgspec.inspect.StructType(cls=cls):
            return filled(cls)
        case msgspec.inspect.VarTupleType(item_type=item):
            return (_sample(item),)
        case msgspec.inspect.TupleType(item_types=items):
            return tuple(map(_sample, items))
        case msgspec.inspect.ListType(item_type=item):
            return [_sample(item)]
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            return {_sample(key): _sample(value)}
        case msgspec.inspect.LiteralType(values=values):
            return values[0]
        case msgspec.inspect.BytesType():
            return b"\xff\xd8"
        case msgspec.inspect.FloatType():
            return 1.5
        case msgspec.inspect.IntType():
            return 7
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.NoneType():
            return None
        case _:
            return "text"


KINDS = sorted(Message.__subclasses__(), key=lambda kind: kind.__name__)
SOUND = [encode(filled(kind)) for kind in KINDS]


def test_every_kind_of_message_is_tried() -> None:
    """Each of them is understood by one of the decoders as it is."""
    assert len(SOUND) >= 12
    for data in SOUND:
        assert [decode for decode in DECODERS if understood(decode, data) is not None]


def understood(decode: Any, data: bytes) -> object | None:
    """The message, None for what is refused; anything else that is raised fails the test."""
    try:
        found: object = decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
@given(data=st.binary(max_size=200) | st.builds(damaged, st.sampled_from(SOUND), wounds(PIECES)))
@example(data=b"\x91" * 100_000)
def test_any_bytes_are_a_message_or_refused(decode: Any, data: bytes) -> None:
    understood(decode, data)


@given(st.sampled_from(SOUND), wounds(PIECES))
def test_what_is_understood_can_be_said_again(sound: bytes, done: list[Wound]) -> None:
    data = damaged(sound, done)
    for decode in (decode_downward, decode_upward, decode_header):
        message = understood(decode, data)
        if isinstance(message, Message):
            assert understood(decode, encode(message)) is not None
            assert repr(message)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_message_shows_a_password(kind: type[Message]) -> None:
    assert PASSWORD not in repr(filled(kind))


def test_passwords_are_among_what_is_sent() -> None:
    assert filled(DesiredState).cameras[0].url == SECRET_URL
    assert any(PASSWORD.encode() in data for data in SOUND)


ODD_HEADERS = st.builds(
    FrameHeader,
    camera=st.sampled_from(["gate", "nobody", "", "x" * 300]) | st.text(max_size=5),
    sequence=st.integers(-(2**63), 2**64 - 1),
    epoch=st.integers(-(2**63), 2**63),
    width=st.integers(-1, 2**40),
    height=st.integers(-1, 2**40),
    captured=st.floats(),
    arrived=st.floats(),
    published=st.floats(),
    rendition=st.sampled_from(["full", "thumbnail", "clean", "objects", "event", "event_clean"]),
)
WISHES = [
    '{"type": "subscribe", "header": "extended", "metadata": true}',
    '{"type": "subscribe", "header": "extended", "size": "thumbnail", "max_fps": 5}',
    '{"type": "subscribe"}',
]


@given(
    ODD_HEADERS, st.binary(max_size=60) | st.builds(damaged, st.just(encode_objects(OBJECTS)), wounds(PIECES))
)
@example(HEADER, b"\xff\xd8")
@example(msgspec.structs.replace(HEADER, captured=float("nan")), b"")
@example(msgspec.structs.replace(HEADER, captured=float("inf")), b"")
@example(msgspec.structs.replace(HEADER, sequence=-1), b"")
@example(msgspec.structs.replace(HEADER, width=70_000), b"")
@example(
    msgspec.structs.replace(HEADER, rendition="objects"),
    encode_objects(FrameObjects(ids=[1, 2], classes=[], scores=[], boxes=[])),
)
def test_any_picture_is_given_to_clients_or_left_out(header: FrameHeader, payload: bytes) -> None:
    async def publish() -> None:
        hub = Hub(Desired(config("gate")), changed=lambda: None, cleared=lambda: None)
        for wish in WISHES:
            assert hub.handle(hub.join("192.0.2.1"), wish) is None
        hub.publish(header, memoryview(payload))

    asyncio.run(publish())
