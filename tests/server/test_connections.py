"""Bounds on connections: how many, from whom, how slow."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from camwire.config.server import ServerConfig
from camwire.server.api import guard
from camwire.server.app import http_server
from camwire.server.auth.security import secured
from camwire.server.connections import LARGEST_HEADERS, SPARE_FILES, BoundedHttp, Limits, allow_files
from camwire.server.listener import listen
from tests.server.running import running

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


@pytest.mark.parametrize(
    ("address", "others", "refused"),
    [
        ("192.0.2.1", [], False),
        ("192.0.2.1", ["192.0.2.1"], False),
        ("192.0.2.1", ["192.0.2.1"] * 2, True),
        ("192.0.2.1", ["192.0.2.2"] * 3, False),
        ("192.0.2.1", ["192.0.2.2"] * 4, True),
        ("2001:db8::1", ["2001:db8::2", "2001:db8::3"], True),  # one network of 64 bits is somebody's own
        ("2001:db8::1", ["2001:db8:0:1::1"] * 3, False),
        ("::ffff:192.0.2.1", ["192.0.2.1"] * 2, True),
        ("127.0.0.1", ["127.0.0.1"] * 3, False),
        ("127.0.0.1", ["127.0.0.1"] * 4, True),
    ],
)
def test_how_many_there_may_be(address: str, others: list[str], refused: bool) -> None:
    assert Limits(all=4, per_address=2).refuses(address, others) is refused


@pytest.mark.parametrize(
    ("limits", "connections", "expected", "warns"),
    [
        ((1024, 1_000_000), 500, 500 + SPARE_FILES, False),
        ((1024, 2000), 5000, 2000, True),
        ((100_000, 100_000), 500, None, False),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 500, None, False),
        ((1024, resource.RLIM_INFINITY), 500, 500 + SPARE_FILES, False),
    ],
)
def test_open_files_are_allowed_as_connections_need_them(
    limits: tuple[int, int],
    connections: int,
    expected: int | None,
    warns: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    was_set: list[int] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: was_set.append(pair[0]))
    allow_files(Limits(connections, 10))
    assert was_set == ([] if expected is None else [expected])
    assert ("fewer open files" in capsys.readouterr().out) is warns


@asynccontextmanager
async def serving(app: object, limits: Limits, refused: Counter[str] | None = None) -> AsyncIterator[int]:
    http = http_server(app, limits=limits, refused=refused)  # type: ignore[arg-type]
    with listen(ServerConfig(port=0)) as listener:
        task = asyncio.create_task(http.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            http.should_exit = True
            await task


async def hello(scope: dict, receive: Callable, send: Callable[[dict], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def status(reader: Reader) -> int:
    line = await asyncio.wait_for(reader.readline(), 30)
    return int(line.split()[1])


@pytest.mark.integration
def test_one_too_many_is_told_and_others_go_on() -> None:
    async def test() -> None:
        refused: Counter[str] = Counter()
        async with serving(hello, Limits(all=2, per_address=10), refused) as port:
            kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert b"503" in await asyncio.wait_for(reader.readline(), 30)
            assert b"Retry-After" in await asyncio.wait_for(reader.read(), 30), "and it is closed"
            writer.close()
            assert refused == {"too_many": 1}
            for reader, writer in kept:
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert await status(reader) == 200
                writer.close()
            async with asyncio.timeout(10):
                while True:  # room comes back as soon as the server has seen them go
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    answered = await status(reader)
                    writer.close()
                    if answered == 200:
                        break

    asyncio.run(test())


@pytest.mark.integration
def test_websockets_count() -> None:
    async def test() -> None:
        async with running("a") as served:
            port = int(served.address.rstrip("/").rpartition(":")[2])
            served.http.config.http.limits = Limits(all=2, per_address=9)  # type: ignore[union-attr]
            async with served.connect(), served.connect():
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                assert await status(reader) == 503
                writer.close()

    asyncio.run(test())


SLOW = {
    "nothing": [],
    "half a line": [b"GET / HT"],
    "headers without end": [b"GET / HTTP/1.1\r\n", b"Host: x\r\n"],
    "a second request without end": [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHo"],
}


@pytest.mark.integration
@pytest.mark.parametrize("pieces", SLOW.values(), ids=SLOW.keys())
def test_slow_headers_are_not_waited_for(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedHttp, "headers_timeout", 0.2)

    async def test() -> None:
        async with serving(hello, Limits(all=9, per_address=9)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                if piece.endswith(b"\r\n\r\n"):
                    await asyncio.wait_for(reader.readuntil(b"hello"), 30)
            assert await status(reader) == 408
            assert b"close" in await asyncio.wait_for(reader.read(), 30)
            writer.close()

    asyncio.run(test())


@pytest.mark.integration
def test_a_connection_that_is_answered_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an answer that takes long nor a WebSocket waits for headers."""
    monkeypatch.setattr(BoundedHttp, "headers_timeout", 0.1)

    async def slow(scope: dict, receive: Callable, send: Callable[[dict], Awaitable[None]]) -> None:
        await asyncio.sleep(0.4)
        await hello(scope, receive, send)

    async def test() -> None:
        async with serving(slow, Limits(all=9, per_address=9)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await status(reader) == 200
            writer.close()
        async with running("a") as served, served.connect() as socket:
            await asyncio.sleep(0.4)
            assert await asyncio.wait_for(socket.recv(), 30)

    asyncio.run(test())


@pytest.mark.integration
def test_headers_are_bounded() -> None:
    async def test() -> None:
        async with serving(hello, Limits(all=9, per_address=9)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (2 * LARGEST_HEADERS))
            assert 400 <= await status(reader) < 500
            writer.close()
            for headers in ({"X": "x" * (2 * LARGEST_HEADERS)}, {f"X-{n}": "" for n in range(200)}):
                with pytest.raises(InvalidStatus, match="431"):
                    await connect(f"ws://127.0.0.1:{port}/ws", additional_headers=headers)

    asyncio.run(test())


@pytest.mark.integration
def test_who_takes_nothing_of_an_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedHttp, "taking_timeout", 0.2)
    ended = asyncio.Event()

    async def endless(scope: dict, receive: Callable, send: Callable[[dict], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        ended.set()

    async def test() -> None:
        refused: Counter[str] = Counter()
        async with serving(endless, Limits(all=9, per_address=9), refused) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.wait_for(ended.wait(), 20)
            assert refused == {"takes_nothing": 1}
            writer.transport.abort()

    asyncio.run(test())


@pytest.mark.integration
def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_TIMEOUT", 0.2)
    app = guard.BoundedBody(hello)  # type: ignore[arg-type]

    async def test() -> None:
        async with serving(app, Limits(all=9, per_address=9)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
            assert await status(reader) == 408
            writer.close()

    asyncio.run(test())


@pytest.mark.integration
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_is_not_taken_for_ever_behind_its_answer(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedHttp, "rest_timeout", 0.2)

    async def test() -> None:
        refused: Counter[str] = Counter()
        async with serving(hello, Limits(all=9, per_address=9), refused) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"%s / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" % method.encode())
            await asyncio.wait_for(reader.readuntil(b"hello"), 30)
            writer.write(b"x")
            await asyncio.wait_for(asyncio.gather(reader.read(), return_exceptions=True), 30)
            assert refused == {"slow_body": 1}
            writer.close()

    asyncio.run(test())


@pytest.mark.integration
def test_behind_a_body_that_nobody_read_the_next_request_is_answered() -> None:
    async def test() -> None:
        refused: Counter[str] = Counter()
        async with serving(hello, Limits(all=9, per_address=9), refused) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx")
            await asyncio.wait_for(reader.readuntil(b"hello"), 30)
            writer.write(b"xGET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.wait_for(reader.readuntil(b"hello"), 30)
            writer.close()
            assert not refused

    asyncio.run(test())


def test_a_server_without_a_configuration_answers_on_this_machine_alone() -> None:
    security = secured(ServerConfig(), None)
    assert not security.names.knows("cams.example")
    assert security.certificate is None
    assert security.risks == ()
