"""Snapshots and MJPEG over real HTTP: what is sent, and that only then it is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import psutil
import pytest

from camwire.config.server import ServerConfig
from camwire.link.desired import View
from camwire.link.endpoint import private_endpoints
from camwire.link.server_end import ServerEnd
from camwire.server.api import pictures
from camwire.server.app import create_app, http_server
from camwire.server.document import MemoryDocument
from camwire.server.listener import address_of, listen
from camwire.server.server import Server
from tests.server.configs import config
from tests.server.running import header, until

pytestmark = pytest.mark.integration


def with_server(test: Callable[[httpx.AsyncClient, Server], Awaitable[None]]) -> None:
    async def run() -> None:
        with private_endpoints() as endpoints, ServerEnd(endpoints) as link:
            server = Server(MemoryDocument(config("a", "b/c")), link, {"cpu": ["true"]})
            http = http_server(
                create_app(server.hub, server.reporter.delivered, server.not_ready, server.services)
            )
            with listen(ServerConfig(port=0)) as listener:
                base = address_of(listener) + "api/v1/cameras"
                serving = asyncio.create_task(http.serve(sockets=[listener]))
                try:
                    async with httpx.AsyncClient(base_url=base, timeout=20) as client:
                        await test(client, server)
                finally:
                    server.hub.close_streams()
                    http.should_exit = True
                    await serving

    asyncio.run(run())


def test_a_snapshot_wants_one_picture_and_then_none() -> None:
    async def test(client: httpx.AsyncClient, server: Server) -> None:
        asking = asyncio.create_task(client.get("/b%2Fc/snapshot.jpg"))
        await until(lambda: server.desired.document().watched == ("b/c",), "it is watched")
        server.hub.publish(header("a"), b"other")
        server.hub.publish(header("b/c"), b"\xff\xd8jpeg")
        answer = await asking
        assert (answer.status_code, answer.content) == (200, b"\xff\xd8jpeg")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-store"
        assert server.desired.watched == frozenset()

        asking = asyncio.create_task(client.get("/a/snapshot.jpg?clean=true"))
        await until(lambda: server.desired.document().views, "a clean one is wanted")
        assert server.desired.document().views == (View(camera="a", rendition="clean"),)
        server.hub.publish(header("a", rendition="clean"), b"clean")
        assert (await asking).content == b"clean"

    with_server(test)


def test_a_camera_without_pictures_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SNAPSHOT_TIMEOUT", 0.05)

    async def test(client: httpx.AsyncClient, server: Server) -> None:
        answer = await client.get("/a/snapshot.jpg")
        assert answer.status_code == 503
        assert answer.json()["what"] == "the camera shows no picture: it is waiting"
        assert server.desired.watched == frozenset()
        assert (await client.get("/nobody/snapshot.jpg")).status_code == 404
        assert (await client.get("/nobody/stream.mjpeg")).status_code == 404
        assert (await client.get("/a/stream.mjpeg?max_fps=-1")).status_code == 422

    with_server(test)


def test_a_stream_is_pictures_one_after_another_until_it_is_left() -> None:
    async def test(client: httpx.AsyncClient, server: Server) -> None:
        async with client.stream("GET", "/a/stream.mjpeg") as stream:
            kind, boundary = stream.headers["content-type"].split("; boundary=")
            assert kind == "multipart/x-mixed-replace"
            await until(lambda: server.desired.watched == {"a"}, "it is watched")
            parts = stream.aiter_bytes()
            received = b""
            for jpeg in (b"one", b"two"):
                server.hub.publish(header("a"), jpeg)
                while jpeg not in received:
                    received += await anext(parts)
            begin = b"--%s\r\n" % boundary.encode()
            assert received == begin + b"".join(
                b"Content-Type: image/jpeg\r\nContent-Length: 3\r\n\r\n%s\r\n%s" % (jpeg, begin)
                for jpeg in (b"one", b"two")
            )
        await until(lambda: not server.hub.clients, "it is left")
        assert server.desired.watched == frozenset()

    with_server(test)


def test_a_stream_that_nobody_reads_costs_no_memory_and_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "DRAIN_TIMEOUT", 0.3)

    async def test(client: httpx.AsyncClient, server: Server) -> None:
        async with client.stream("GET", "/a/stream.mjpeg"):
            await until(lambda: server.hub.clients, "it is watched")
            before = psutil.Process().memory_info().rss
            while server.hub.clients:
                server.hub.publish(header("a"), bytes(200_000))
                await asyncio.sleep(0.001)
            assert psutil.Process().memory_info().rss - before < 20_000_000

    with_server(test)


def test_a_server_that_stops_ends_its_streams(tmp_path: Path) -> None:
    async def test(client: httpx.AsyncClient, server: Server) -> None:
        async with client.stream("GET", "/a/stream.mjpeg") as stream:
            await until(lambda: server.hub.clients, "it is watched")
            server.hub.close_streams()
            assert (await stream.aread()).endswith(b"--\r\n")

    with_server(test)
