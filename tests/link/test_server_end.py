"""The server's end of the link, against plain ZeroMQ sockets."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
import zmq
from structlog.testing import capture_logs

from camwire.link.endpoint import Endpoints, private_endpoints
from camwire.link.messages import Hello, Stop, decode_downward, encode
from camwire.link.pictures import FrameHeader
from camwire.link.server_end import ServerEnd
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

HELLO = Hello(worker="cpu", pid=7, device="cpu")
HEADER = FrameHeader(
    camera="gate", sequence=1, epoch=0, width=4, height=2, captured=1.0, arrived=2.0, published=3.0
)


class Peer:
    """A worker's two sockets, bare."""

    def __init__(self, endpoints: Endpoints, name: bytes) -> None:
        self.context = zmq.Context()
        self.control = self.context.socket(zmq.DEALER)
        self.control.setsockopt(zmq.IDENTITY, name)
        self.control.connect(endpoints.control)
        self.frames = self.context.socket(zmq.PUSH)
        self.frames.setsockopt(zmq.SNDHWM, 4)
        self.frames.connect(endpoints.frames)

    def close(self) -> None:
        self.context.destroy(linger=0)


Connect = Callable[[bytes], Peer]


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    with private_endpoints() as endpoints:
        yield endpoints


@pytest.fixture
def connect(endpoints: Endpoints) -> Iterator[Connect]:
    peers = []

    def connect(name: bytes) -> Peer:
        peers.append(Peer(endpoints, name))
        return peers[-1]

    yield connect
    for peer in peers:
        peer.close()


def with_server_end(endpoints: Endpoints, test: Callable[[ServerEnd], Awaitable[None]]) -> None:
    async def run() -> None:
        with ServerEnd(endpoints) as end:
            await asyncio.wait_for(test(end), 20)

    asyncio.run(run())


def test_messages_go_both_ways(endpoints: Endpoints, connect: Connect) -> None:
    async def test(end: ServerEnd) -> None:
        peer = connect(b"cpu")
        peer.control.send(encode(HELLO))
        assert await end.receive() == ("cpu", HELLO)
        assert await end.send("cpu", Stop())
        assert decode_downward(await asyncio.to_thread(peer.control.recv)) == Stop()

    with_server_end(endpoints, test)


def test_a_worker_that_is_not_there_gets_nothing(endpoints: Endpoints) -> None:
    async def test(end: ServerEnd) -> None:
        assert not await end.send("cpu", Stop())

    with_server_end(endpoints, test)


def test_a_successor_takes_over_its_predecessors_name(endpoints: Endpoints, connect: Connect) -> None:
    async def test(end: ServerEnd) -> None:
        first = connect(b"cpu")
        first.control.send(encode(HELLO))
        await end.receive()
        second = connect(b"cpu")
        second.control.send(encode(HELLO))
        await end.receive()
        assert await end.send("cpu", Stop())
        assert decode_downward(await asyncio.to_thread(second.control.recv)) == Stop()
        assert not first.control.poll(0)

    with_server_end(endpoints, test)


def test_a_worker_that_reads_nothing_blocks_nobody(endpoints: Endpoints, connect: Connect) -> None:
    async def test(end: ServerEnd) -> None:
        peer = connect(b"cpu")
        peer.control.send(encode(HELLO))
        await end.receive()
        sent = 0
        while await end.send("cpu", Stop()):
            sent += 1
            assert sent < 1_000_000

    with_server_end(endpoints, test)


def test_pictures_come_with_their_header(endpoints: Endpoints, connect: Connect) -> None:
    async def test(end: ServerEnd) -> None:
        connect(b"cpu").frames.send_multipart([encode(HEADER), b"\xff\xd8" * 50_000])
        picture = await end.picture()
        assert picture.header == HEADER
        assert picture.payload == b"\xff\xd8" * 50_000

    with_server_end(endpoints, test)


def test_what_cannot_be_read_is_counted_logged_and_left_out(endpoints: Endpoints, connect: Connect) -> None:
    async def test(end: ServerEnd) -> None:
        peer = connect(b"\xfe\xff")
        peer.control.send(encode(HELLO))  # a name that isn't UTF-8
        peer.control.send(b"\xc1junk")
        peer.control.send(encode(Stop()))  # a message of the other direction
        peer.control.send_multipart([b"one", b"two", b"three"])
        good = connect(b"cpu")
        good.control.send(encode(HELLO))
        assert await end.receive() == ("cpu", HELLO)
        for parts in ([b"alone"], [b"junk", b"jpeg"], [encode(HELLO), b"jpeg"], [encode(HEADER), b"", b""]):
            peer.frames.send_multipart(parts)
        peer.frames.send_multipart([encode(HEADER), b"jpeg"])
        assert (await end.picture()).payload == b"jpeg"
        while end.unreadable < 8:  # connections are read in any order
            good.control.send(encode(HELLO))
            assert await end.receive() == ("cpu", HELLO)
        assert end.unreadable == 8

    with capture_logs() as logs:
        with_server_end(endpoints, test)
    assert len(logs) == 8
    assert {entry["log_level"] for entry in logs} == {"warning"}


def test_pictures_that_nobody_takes_are_refused_to_the_worker(endpoints: Endpoints, connect: Connect) -> None:
    async def test(end: ServerEnd) -> None:
        peer = connect(b"cpu")

        def is_full() -> bool:
            try:
                peer.frames.send_multipart([encode(HEADER), bytes(100_000)], flags=zmq.NOBLOCK)
            except zmq.Again:
                return True
            return False

        await asyncio.to_thread(wait_for, is_full, "the worker is refused", every=0.0)
        while not peer.frames.poll(0, zmq.POLLOUT):
            await end.picture()

    with_server_end(endpoints, test)
