"""Real WebSocket clients against the real server: what they get, and what they can't do to others."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode

from camwire.server import wire
from camwire.server.websocket import BoundedWebSocket
from tests.server.running import Running, close_code, running, text, until

pytestmark = pytest.mark.integration

TOGGLES = dict.fromkeys(("boxes", "labels", "traces", "keypoints", "masks", "zones", "lines"), True)


class Impatient(BoundedWebSocket):
    """Waits less long for clients that don't read."""

    drain_timeout = 0.3


def with_server(
    test: Callable[[Running], Awaitable[None]],
    *cameras: str,
    websocket: type[BoundedWebSocket] = BoundedWebSocket,
) -> None:
    async def run() -> None:
        async with running(*cameras, websocket=websocket) as server:
            await asyncio.wait_for(test(server), 60)

    asyncio.run(run())


def test_a_silent_client_gets_toggles_and_every_cameras_pictures() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as client:
            assert await text(client) == {"type": "toggles", "toggles": TOGGLES}
            server.publish("gate", b"\xff\xd8one")
            server.publish("Hof ü", b"\xff\xd8two")
            server.publish("not configured", b"\xff\xd8three")
            assert await client.recv() == b"\x04gate\xff\xd8one"
            assert await client.recv() == b"\x06Hof \xc3\xbc\xff\xd8two"
            await until(lambda: len(server.delivered) == 2, "both are delivered")
            assert [camera for camera, _ in server.delivered] == ["gate", "Hof ü"]
            assert all(0 <= age < 60 for _, age in server.delivered)

    with_server(test, "gate", "Hof ü")


def test_cameras_are_watched_while_anyone_is_connected() -> None:
    async def test(server: Running) -> None:
        assert server.desired.watched == frozenset()
        async with server.connect() as first, server.connect():
            assert server.desired.watched == {"a", "b"}
            await first.close()
            await until(lambda: len(server.hub.clients) == 1, "the first has left")
            assert server.desired.watched == {"a", "b"}
        await until(lambda: not server.hub.clients, "all have left")
        assert server.desired.watched == frozenset()
        assert len(server.changed) == 2
        assert server.hub.connected_so_far == 2

    with_server(test, "a", "b")


def test_a_toggle_set_by_one_is_told_to_all() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as first, server.connect() as second:
            await text(first)
            await text(second)
            await first.send('{"type": "set_vis_toggle", "toggle": "labels", "enabled": false}')
            for client in (first, second):
                assert await text(client) == {"type": "toggles", "toggles": {**TOGGLES, "labels": False}}
            assert server.desired.document().toggles["labels"] is False
            assert server.changed[-1] == server.desired.revision
            changes = len(server.changed)
            await second.send('{"type": "set_vis_toggle", "toggle": "labels", "enabled": false}')
            assert (await text(second))["type"] == "toggles"
            assert len(server.changed) == changes
        async with server.connect() as third:
            assert (await text(third))["toggles"]["labels"] is False

    with_server(test, "a")


def test_clear_stats_starts_all_counts_anew() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as client:
            await text(client)
            server.publish("a", b"x")
            await client.recv()
            await until(lambda: server.delivered, "the picture is delivered")
            [known] = server.hub.clients.values()
            assert known.sent == 1
            await client.send('{"type": "clear_stats"}')
            await until(lambda: server.cleared == [1], "statistics are cleared")
            assert known.sent == 0
            assert server.desired.document().stats_epoch == 1
            assert server.changed[-1] == server.desired.revision

    with_server(test, "a")


def test_a_wrong_message_is_answered_to_its_sender_alone() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as wrong, server.connect() as other:
            await text(wrong)
            await text(other)
            await wrong.send('{"type": "set_vis_toggle", "toggle": "box", "enabled": true}')
            assert await text(wrong) == {
                "type": "error",
                "message": f"unknown toggle 'box'; known: {', '.join(TOGGLES)}",
            }
            for junk in ("", "hello", "[1,2", "null", '{"type":"x"}', "x" * wire.LARGEST_MESSAGE):
                await wrong.send(junk)
                assert (await text(wrong))["type"] == "error"
            server.publish("a", b"x")
            assert await wrong.recv() == await other.recv() == b"\x01ax"

    with_server(test, "a")


@pytest.mark.parametrize(
    ("message", "text_frame", "code"),
    [
        (b"binary", False, 1003),
        (b"x" * (wire.LARGEST_MESSAGE + 1), True, 1009),
        (b"x" * 5_000_000, True, 1009),
        (b"x" * 5_000_000, False, 1009),
        (b'{"type": "\xff"}', True, 1007),
    ],
)
def test_what_is_no_text_of_a_sane_size_ends_the_connection(
    message: bytes, text_frame: bool, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(server: Running) -> None:
        async with server.connect() as other:
            await text(other)
            client = await server.connect()
            sending = asyncio.create_task(client.send(message, text=text_frame))
            assert await close_code(client) == code
            await asyncio.gather(sending, return_exceptions=True)
            await until(lambda: len(server.hub.clients) == 1, "the client is gone")
            server.publish("a", b"x")
            assert await other.recv() == b"\x01ax"

    with caplog.at_level(logging.INFO):
        with_server(test, "a")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_many_messages_at_once_leave_the_others_their_turns() -> None:
    many = 500
    message = Frame(Opcode.TEXT, b'{"type": "subscribe", "cameras": []}').serialize(mask=True)

    async def test(server: Running) -> None:
        turns = 0
        at: list[int] = []
        handle = server.hub.handle

        def noted(*arguments: Any) -> Any:
            at.append(turns)
            return handle(*arguments)

        server.hub.handle = noted  # type: ignore[method-assign]
        _, writer = await upgraded(server)
        writer.write(message * many)
        async with asyncio.timeout(30):
            while len(at) < many:
                turns += 1
                await asyncio.sleep(0)
        assert at[-1] - at[0] >= many - 1
        writer.transport.abort()

    with_server(test, "a")


def test_a_client_in_the_middle_of_a_huge_message_hears_why_it_ends() -> None:
    async def test(server: Running) -> None:
        reader, writer = await upgraded(server)
        frame = Frame(Opcode.BINARY, bytes(20_000_000)).serialize(mask=True)
        writer.write(frame)
        await writer.drain()  # a connection that was closed meanwhile would be reset here
        received = await asyncio.wait_for(reader.read(), 30)
        assert (1009).to_bytes(2, "big") in received[-100:]
        writer.close()

    with_server(test, "a")


def test_a_page_from_elsewhere_may_not_connect() -> None:
    async def test(server: Running) -> None:
        own = server.address.rstrip("/")
        for origin in ("http://evil.example", "null", own + "0", "http://localhost"):
            with pytest.raises(InvalidStatus) as caught:
                await server.connect(origin=origin)
            assert caught.value.response.status_code == 403
        assert server.hub.connected_so_far == 0
        async with server.connect(origin=own) as client:
            assert (await text(client))["type"] == "toggles"

    with_server(test, "a")


def test_other_paths_take_no_websocket(caplog: pytest.LogCaptureFixture) -> None:
    async def test(server: Running) -> None:
        server.address += "other/"
        with pytest.raises(InvalidStatus) as caught:
            await server.connect()
        assert caught.value.response.status_code == 403

    with_server(test, "a")
    assert caplog.records == []


@pytest.mark.parametrize("size", [200_000, 20_000])
def test_a_client_that_never_reads_costs_the_others_nothing_and_no_memory(size: int) -> None:
    jpeg = bytes(size)
    rounds = 30_000_000 // size

    async def test(server: Running) -> None:
        async with server.connect(max_queue=1) as stalled, server.connect() as reader:
            await text(reader)
            ids = sorted(server.hub.clients)
            before = psutil.Process().memory_info().rss
            for _ in range(rounds):
                for camera in ("a", "b"):
                    server.publish(camera, jpeg)
                    assert await asyncio.wait_for(reader.recv(), 30) == wire.picture(camera, jpeg)
            grown = psutil.Process().memory_info().rss - before
            fast, slow = (server.hub.clients[number] for number in ids[::-1])
            if fast.sent < slow.sent:
                fast, slow = slow, fast
            assert fast.mailbox.dropped.total() == 0
            assert slow.mailbox.cameras_waiting == 2
            assert slow.mailbox.dropped.total() > rounds  # of twice as many
            assert grown < 20_000_000, "60 MB were published"
            [connection] = [
                connection
                for connection in server.http.server_state.connections
                if connection.transport.get_write_buffer_size()
            ]
            assert connection.transport.get_write_buffer_size() <= len(jpeg) + 100
            stalled.transport.abort()

    with_server(test, "a", "b")


def test_a_client_that_takes_nothing_for_long_is_told_so_and_cut_off() -> None:
    async def test(server: Running) -> None:
        async with server.connect(max_queue=1) as stalled:
            while server.hub.clients:
                server.publish("a", bytes(200_000))
                await asyncio.sleep(0.005)
            assert await close_code(stalled) == 4008
            assert stalled.close_reason == "nothing was read for 0.3 s"

    with_server(test, "a", websocket=Impatient)


def test_a_client_that_will_not_even_read_its_end_is_cut_off() -> None:
    async def test(server: Running) -> None:
        async with server.connect(max_queue=1) as stalled:
            while server.http.server_state.connections:
                server.publish("a", bytes(200_000))
                await asyncio.sleep(0.005)
            assert not server.hub.clients
            stalled.transport.abort()

    with_server(test, "a", websocket=Impatient)


async def upgraded(server: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection after its handshake, byte by byte."""
    host, port = server.address.removeprefix("http://").rstrip("/").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**16)
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def test_pings_of_a_client_that_never_reads_pile_up_nowhere() -> None:
    async def test(server: Running) -> None:
        _, writer = await upgraded(server)
        pings = Frame(Opcode.PING, b"p" * 100).serialize(mask=True) * 1000
        [connection] = server.http.server_state.connections
        largest = 0
        for number in range(100):
            server.publish("a", bytes(100_000))
            writer.write(pings)
            if number % 20 == 0:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0)
            largest = max(largest, connection.transport.get_write_buffer_size())
        # 10 MB of pings: not more is kept than a picture and the answers to what one read can hold.
        assert largest < 1_000_000
        writer.transport.abort()

    with_server(test, "a")


def test_clients_that_come_and_go_leave_nothing() -> None:
    async def test(server: Running) -> None:
        def held() -> tuple[int, int, int]:
            return (
                psutil.Process().num_fds(),
                len(asyncio.all_tasks()),
                len(server.http.server_state.connections),
            )

        before = held()
        for number in range(60):
            client = await server.connect()
            server.publish("a", bytes(50_000))
            if number % 2:
                await client.close()
            else:
                client.transport.abort()
        await until(lambda: not server.hub.clients and held() == before, "all is as before")
        assert server.hub.connected_so_far == 60

    with_server(test, "a")


def test_a_ping_is_answered() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as client:
            await asyncio.wait_for(await client.ping(), 30)

    with_server(test, "a")


def test_statistics_go_to_everyone() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as first, server.connect() as second:
            await text(first)
            await text(second)
            server.hub.broadcast("stats", wire.stats_message({"time": 1.0}))
            assert await text(first) == await text(second) == {"type": "stats", "time": 1.0}

    with_server(test, "a")


def test_clients_are_told_that_the_server_stops() -> None:
    async def test(server: Running) -> None:
        async with server.connect() as client, server.connect(max_queue=1) as stalled:
            for _ in range(40):
                server.publish("a", bytes(200_000))
                await asyncio.sleep(0.001)
            server.http.should_exit = True
            assert await close_code(client) == 1001
            await until(lambda: not server.hub.clients, "everyone has left")
            stalled.transport.abort()

    with_server(test, "a")


def test_any_bytes_after_the_handshake_make_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Whole frames of random kinds and plain noise, from a seed."""
    import random

    dice = random.Random(20)

    def noise() -> bytes:
        payload = dice.choice(
            [dice.randbytes(dice.randrange(200)), json.dumps({"type": "clear_stats"}).encode()]
        )
        if dice.random() < 0.3:
            return payload
        head = bytes([dice.randrange(256), 0x80 | len(payload) if len(payload) < 126 else 0xFE])
        length = b"" if len(payload) < 126 else len(payload).to_bytes(2, "big")
        mask = dice.randbytes(4) if dice.random() < 0.5 else bytes(4)
        return head + length + mask + payload

    async def test(server: Running) -> None:
        async with server.connect() as other:
            await text(other)
            for _ in range(150):
                _, writer = await upgraded(server)
                writer.write(b"".join(noise() for _ in range(dice.randrange(1, 6))))
                await writer.drain()
                writer.close()
            await until(lambda: len(server.hub.clients) == 1, "all but one are gone")
            server.publish("a", b"x")
            while await other.recv() != b"\x01ax":
                pass

    with caplog.at_level(logging.INFO):
        with_server(test, "a")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
