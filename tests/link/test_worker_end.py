"""The worker's end of the link against plain ZeroMQ sockets in the server's place."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from structlog.testing import capture_logs

from camwire.link.answers import ClipMade
from camwire.link.endpoint import Endpoints, private_endpoints
from camwire.link.events import RuleState
from camwire.link.message import LARGEST_MESSAGE
from camwire.link.messages import Hello, Stop, Upward, decode_upward, encode
from camwire.link.pictures import decode_header
from camwire.link.server_end import ServerEnd
from camwire.link.worker_end import PICTURES_UNDER_WAY, WorkerEnd
from camwire.sources.packets import LARGEST as LARGEST_VIDEO
from tests.support.frames import frame
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

HELLO = Hello(worker="cpu", pid=7, device="cpu")


@pytest.fixture
def link(tmp_path: Path) -> Iterator[WorkerEnd]:
    end = WorkerEnd(tmp_path, "cpu")
    yield end
    end.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[zmq.Socket[bytes], zmq.Socket[bytes]]]:
    """Control and pictures, as the server binds them."""
    context = zmq.Context()
    control, pictures = context.socket(zmq.ROUTER), context.socket(zmq.PULL)
    pictures.setsockopt(zmq.RCVHWM, 1)
    control.bind(Endpoints(tmp_path).control)
    pictures.bind(Endpoints(tmp_path).frames)
    yield control, pictures
    control.close(0)
    pictures.close(0)
    context.term()


def test_a_picture_is_refused_while_there_is_no_server(link: WorkerEnd) -> None:
    assert not link.publish(frame("a", 1), b"jpeg", 2.0)


def test_a_picture_arrives_with_its_header(link: WorkerEnd, server) -> None:
    _, pictures = server
    wait_for(lambda: link.publish(frame("a", 1, arrived=1.5), b"jpeg", 2.0), "the link to stand")
    header, jpeg = pictures.recv_multipart()
    read = decode_header(header)
    assert (read.camera, read.sequence, read.arrived, read.published, jpeg) == ("a", 1, 1.5, 2.0, b"jpeg")


def test_a_server_that_does_not_read_costs_a_bounded_number_of_pictures(link: WorkerEnd, server) -> None:
    big = bytes(200_000)
    wait_for(lambda: link.publish(frame("a", 0), big, 0.0), "the link to stand")
    taken = 1
    while link.publish(frame("a", taken), big, 0.0):
        taken += 1
        assert taken < 10 * PICTURES_UNDER_WAY, "nothing bounds what waits"


def test_control_goes_both_ways_and_junk_is_left_out(link: WorkerEnd, server) -> None:
    control, _ = server
    link.send(HELLO)
    name, hello = control.recv_multipart()
    assert decode_upward(hello) == HELLO
    control.send_multipart([name, b"junk"])
    control.send_multipart([name, encode(Stop())])
    assert link.receive(5) is None
    assert link.receive(5) == Stop()


def test_silence_takes_no_longer_than_asked(link: WorkerEnd) -> None:
    assert link.receive(0.01) is None


def test_a_server_that_does_not_read_holds_nobody_up(link: WorkerEnd, server) -> None:
    link.send(HELLO)
    with capture_logs() as logs:
        taken = refused = in_a_row = 0
        while in_a_row < 2:  # after one, ZeroMQ's own thread may just have made room for some more
            if link.send(HELLO):
                taken, in_a_row = taken + 1, 0
            else:
                refused, in_a_row = refused + 1, in_a_row + 1
            assert taken < 1_000_000, "nothing bounds what waits"
    assert link.refused == refused
    assert [entry["what"] for entry in logs] == ["Hello"], "logged once in a while"


def test_what_is_too_large_is_refused_and_named(link: WorkerEnd, server) -> None:
    control, _ = server
    with capture_logs() as logs:
        assert not link.send(RuleState(state=bytes(LARGEST_MESSAGE)))
    assert logs[0]["what"] == "RuleState"
    assert "128 MiB" in logs[0]["reason"]
    assert link.send(HELLO)
    assert decode_upward(control.recv_multipart()[1]) == HELLO


def test_the_largest_video_arrives_and_the_connection_stands() -> None:
    """Through both real ends; ZeroMQ itself drops what is too large without a word to anybody."""

    async def run() -> list[Upward]:
        with private_endpoints() as endpoints, ServerEnd(endpoints) as end:
            link = WorkerEnd(endpoints.directory, "cpu")
            try:
                assert link.send(ClipMade(worker="cpu", clip="1", mp4=bytes(LARGEST_VIDEO + 1_000_000)))
                assert link.send(HELLO)
                return [(await asyncio.wait_for(end.receive(), 30))[1] for _ in range(2)]
            finally:
                link.close()

    clip, hello = asyncio.run(run())
    assert isinstance(clip, ClipMade)
    assert len(clip.mp4) == LARGEST_VIDEO + 1_000_000
    assert hello == HELLO
