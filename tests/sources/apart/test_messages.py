"""Messages between worker and source process: whatever is said comes out, however the stream was cut."""

from __future__ import annotations

import socket
import string
import threading
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from camwire.children import Remark
from camwire.frames import Frame, Size
from camwire.link.desired import DesiredCamera
from camwire.sources.apart.messages import (
    LENGTH,
    Arrived,
    Cut,
    Ended,
    Impossible,
    Incoming,
    Noted,
    Order,
    Outgoing,
    Ready,
    Recall,
    Report,
    Reports,
    ShelfMade,
    ShelfRefused,
    ShelfWanted,
    Start,
    Stop,
    VideoMade,
    VideoPart,
)
from camwire.sources.status import SourceReport

numbers = st.integers(0, 2**62)
moments = st.floats(allow_nan=False)
texts = st.text(max_size=20)
names = st.text(string.ascii_letters, min_size=1, max_size=10)
sizes = st.builds(Size, st.integers(1, 16384), st.integers(1, 16384))
cameras = st.builds(
    DesiredCamera,
    id=texts,
    url=texts,
    enabled=st.booleans(),
    transport=st.sampled_from(["tcp", "udp"]),
    latency_ms=numbers,
    drop_on_latency=st.booleans(),
)
frames = st.builds(
    Frame,
    camera=texts,
    sequence=numbers,
    epoch=numbers,
    picture=st.none(),
    source_size=sizes,
    size=sizes,
    time=moments,
    arrived=moments,
    captured=moments,
    decoded=moments,
    turn=numbers,
)
lying = st.lists(st.one_of(numbers, moments, st.booleans(), texts), max_size=9).map(tuple)
remarks = st.builds(Remark, names, texts, st.dictionaries(names, st.one_of(texts, numbers), max_size=3))
source_reports = st.builds(
    SourceReport,
    phase=st.sampled_from(["connecting", "live", "retrying", "stalled"]),
    reason=st.none() | texts,
    retry_at=st.none() | moments,
    codec=st.none() | texts,
    width=numbers,
    height=numbers,
    frames_in=numbers,
    discarded=st.dictionaries(texts, numbers, max_size=3),
)
orders = st.one_of(
    st.builds(
        Start,
        numbers,
        cameras,
        sizes,
        st.booleans(),
        st.booleans(),
        moments,
        numbers,
        numbers,
        numbers,
    ),
    st.builds(Stop, numbers),
    st.builds(Recall, numbers, moments),
    st.builds(ShelfMade, numbers, numbers, numbers, st.binary(max_size=64)),
    st.builds(ShelfRefused, numbers, texts),
    st.builds(Cut, numbers, numbers, moments, moments),
)
reports = st.one_of(
    st.builds(Ready),
    st.builds(Arrived, numbers, numbers, st.integers(-1, 5), lying, frames),
    st.builds(ShelfWanted, numbers, numbers),
    st.builds(Reports, st.dictionaries(numbers, source_reports, max_size=3)),
    st.builds(Ended, numbers),
    st.builds(VideoPart, numbers, numbers, st.binary(max_size=300)),
    st.builds(VideoMade, numbers, numbers, st.none() | moments, st.none() | texts),
    st.builds(Impossible, texts),
    st.builds(Noted, remarks),
)


class Stream:
    """In place of a socket: what was sent."""

    def __init__(self) -> None:
        self.sent = b""

    def sendall(self, piece: bytes) -> None:
        self.sent += piece


def stream_of(messages: list[Order] | list[Report]) -> bytes:
    stream = Stream()
    say = Outgoing(stream)
    for message in messages:
        say(message)
    return stream.sent


def heard(kinds: object, stream: bytes, cuts: list[int]) -> list[object]:
    incoming = Incoming(kinds)
    found: list[object] = []
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for begin, end in pairwise(edges):
        found += incoming(stream[begin:end])
    return found


@given(st.lists(orders, max_size=6), st.lists(numbers, max_size=12))
def test_orders_come_out_as_they_went_in(messages: list[Order], cuts: list[int]) -> None:
    assert heard(Order, stream_of(messages), cuts) == messages


@given(st.lists(reports, max_size=6), st.lists(numbers, max_size=12))
def test_reports_come_out_as_they_went_in(messages: list[Report], cuts: list[int]) -> None:
    assert heard(Report, stream_of(messages), cuts) == messages


@given(reports)
def test_a_stream_may_come_byte_by_byte(message: Report) -> None:
    stream = stream_of([message, message])
    assert heard(Report, stream, list(range(len(stream)))) == [message, message]


@given(st.binary(min_size=1, max_size=60))
@example(b"\x91\xa2\x00\x80")  # a kind that is no text
def test_what_is_no_message_is_a_decode_error(rubbish: bytes) -> None:
    try:
        known = msgspec.msgpack.decode(rubbish, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError):
        with pytest.raises(msgspec.DecodeError):
            list(Incoming(Report)(LENGTH.pack(len(rubbish)) + rubbish))
    else:
        assert list(Incoming(Report)(LENGTH.pack(len(rubbish)) + rubbish)) == [known]


def test_remarks_may_hold_anything() -> None:
    stream = stream_of([Noted(Remark("error", "what", {"path": Path("/x"), "error": ValueError("why")}))])
    [said] = Incoming(Report)(stream)
    assert said.remark.values == {"path": "/x", "error": "why"}


def test_messages_of_several_threads_do_not_mix() -> None:
    ours, theirs = socket.socketpair()
    say = Outgoing(theirs)

    def talk(run: int) -> None:
        for number in range(100):
            say(VideoPart(run, number, bytes([run]) * (number * 37)))

    threads = [threading.Thread(target=talk, args=(run,)) for run in range(4)]
    with ours, theirs:
        for thread in threads:
            thread.start()
        incoming, found = Incoming(Report), []
        while len(found) < 400:
            found += incoming(ours.recv(1 << 16))
        for thread in threads:
            thread.join()
    for run in range(4):
        own = [message for message in found if message.run == run]
        assert own == [VideoPart(run, number, bytes([run]) * (number * 37)) for number in range(100)]


def test_a_gone_listener_is_an_os_error() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs, pytest.raises(OSError):
        Outgoing(theirs)(Ready())
