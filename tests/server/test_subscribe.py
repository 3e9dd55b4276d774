"""Subscriptions: each client gets what it wants, and nothing is wanted that nobody asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from camwire.link.desired import View
from camwire.link.pictures import FrameObjects, encode_objects
from camwire.server import wire
from tests.server.running import Running, header, running, text, until

pytestmark = pytest.mark.integration

OBJECTS = FrameObjects(ids=[7], classes=["person"], scores=[0.91], boxes=[[1.0, 2.0, 3.5, 4.0]])


def with_server(test: Callable[[Running], Awaitable[None]], *cameras: str) -> None:
    async def run() -> None:
        async with running(*cameras) as server:
            await asyncio.wait_for(test(server), 60)

    asyncio.run(run())


async def subscribe(client: ClientConnection, **wishes: Any) -> dict[str, Any]:
    """Ask, and read on to the answer."""
    await client.send(json.dumps({"type": "subscribe", **wishes}))
    while (answer := await text(client))["type"] not in ("subscribed", "error"):
        pass
    return answer


def test_a_subscription_is_confirmed_whole() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as client:
            assert await subscribe(client, cameras=["a"], max_fps=5) == {
                "type": "subscribed",
                "cameras": ["a"],
                "max_fps": 5.0,
                "size": "full",
                "frames": True,
                "metadata": False,
                "events": False,
                "header": "plain",
            }

    with_server(test, "a", "b")


def test_what_is_wanted_is_the_union_and_ends_with_the_client() -> None:
    async def test(server: Running) -> None:
        def wanted() -> tuple[tuple[str, ...], tuple[View, ...]]:
            document = server.desired.document()
            return document.watched, document.views

        async with server.connect() as one, server.connect() as other:
            await subscribe(one, cameras=["a"], size="thumbnail", max_fps=5)
            await subscribe(other, cameras=["a"], size="thumbnail", max_fps=2, metadata=True)
            assert wanted() == (
                (),
                (
                    View(camera="a", rendition="objects", max_fps=2.0),
                    View(camera="a", rendition="thumbnail", max_fps=5.0),
                ),
            )
            await subscribe(one, cameras=["b"])
            assert wanted()[0] == ("b",)
            await subscribe(one, frames=False)
            await subscribe(other, cameras=[])
            assert wanted() == ((), ())
            async with server.connect():
                await until(lambda: wanted() == (("a", "b"), ()), "a silent client wants all")
            await until(lambda: wanted() == ((), ()), "it is gone")

    with_server(test, "a", "b")


def test_everyone_gets_their_own() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as silent, server.connect() as small, server.connect() as reader:
            await text(silent)
            await subscribe(small, size="thumbnail", header="extended")
            await subscribe(reader, frames=False, metadata=True)
            at = {"sequence": 812, "captured": 1767225600.123456}
            server.hub.publish(header("a", **at), b"full")
            server.hub.publish(header("a", rendition="thumbnail", width=480, height=270, **at), b"small")
            server.hub.publish(header("a", rendition="objects", **at), encode_objects(OBJECTS))
            server.hub.publish(header("a", rendition="clean", **at), b"clean")
            assert await silent.recv() == b"\x01afull"
            head = bytes.fromhex("00010101 000000000000032c 0006475b5d4c7e40 01e0010e".replace(" ", ""))
            message = await small.recv()
            assert isinstance(message, bytes)
            assert message[:12] == head[:12]
            assert message[20:] == head[20:] + b"asmall"
            assert int.from_bytes(message[12:20], "big") == 1767225600123456
            assert await text(reader) == {
                "type": "objects",
                "camera": "a",
                "sequence": 812,
                "captured": 1767225600.123456,
                "width": 640,
                "height": 360,
                "objects": [{"id": 7, "class": "person", "score": 0.91, "box": [1.0, 2.0, 3.5, 4.0]}],
            }
            server.publish("b", b"next")
            assert await silent.recv() == b"\x01bnext"

    with_server(test, "a", "b")


def test_a_lower_rate_leaves_pictures_out_for_this_client_alone() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as fast, server.connect() as slow:
            await text(fast)
            await subscribe(slow, max_fps=5)
            got = []
            for number in range(50):  # two seconds
                server.hub.publish(header("a", arrived=number / 25), b"%d" % number)
                assert await fast.recv() == b"\x01a%d" % number
            server.hub.publish(header("b", arrived=3.0), b"end")
            while (message := await slow.recv()) != b"\x01bend":
                got.append(message)
            assert len([client.mailbox.dropped for client in server.hub.clients.values()]) == 2
            [counted] = {client.sent for client in server.hub.clients.values()} - {50, 51}
            assert counted <= 12

    with_server(test, "a", "b")


@pytest.mark.parametrize(
    ("wishes", "problem"),
    [
        ({"cameras": ["a", "nobody"]}, "no such cameras: 'nobody'"),
        ({"cameras": "a"}, "Expected `array | null`"),
        ({"max_fps": -1}, "Expected `float` >= 0"),
        ({"size": "huge"}, "Invalid enum value 'huge'"),
        ({"fps": 3}, "unknown field `fps`"),
    ],
)
def test_a_wrong_subscription_changes_nothing(wishes: dict[str, Any], problem: str) -> None:
    async def test(server: Running) -> None:
        async with server.connect() as client:
            await subscribe(client, cameras=["a"])
            revision = server.desired.revision
            answer = await subscribe(client, **wishes)
            assert answer["type"] == "error"
            assert problem in answer["message"]
            assert server.desired.revision == revision

    with_server(test, "a")


def test_objects_that_cannot_be_read_reach_nobody() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as client:
            await subscribe(client, metadata=True)
            server.hub.publish(header("a", rendition="objects"), b"\xff")
            server.publish("a", b"x")
            assert await client.recv() == wire.picture("a", b"x")

    with_server(test, "a")


def test_events_come_to_those_who_want_them_of_their_cameras() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as silent, server.connect() as of_a, server.connect() as of_all:
            await subscribe(of_a, cameras=["a"], events=True, frames=False)
            await subscribe(of_all, events=True, frames=False)
            for number, camera in enumerate("abab"):
                server.hub.tell_event(camera, {"number": number, "camera": camera})
            server.hub.broadcast("stats", '{"type": "stats"}')

            async def heard(client: ClientConnection) -> list[int]:
                numbers = []
                while (message := await text(client))["type"] != "stats":
                    if message["type"] == "event":
                        numbers.append(message["event"]["number"])
                return numbers

            assert await heard(silent) == []
            assert await heard(of_a) == [0, 2]
            assert await heard(of_all) == [0, 1, 2, 3]

    with_server(test, "a", "b")
