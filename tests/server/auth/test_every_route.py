"""Every route refuses those who may not: found by walking the application, so that none is forgotten."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from camwire.server.app import create_app
from camwire.server.auth import gate as gate_module
from camwire.server.auth.credentials import digest
from camwire.server.auth.gate import Gate
from camwire.server.auth.roles import ROLES
from camwire.server.server import Server
from camwire.server.viewer import viewer_files
from tests.server.api.serving import with_api

API = "/api/v1"
Request = tuple[str, str]

OPEN = {
    ("GET", "/healthz"),
    ("HEAD", "/healthz"),
    ("GET", "/readyz"),
    ("HEAD", "/readyz"),
    ("GET", f"{API}/session"),
    ("POST", f"{API}/session"),
    ("DELETE", f"{API}/session"),
}
"""All that needs no login, but for the viewer's own files."""

FOR_ADMINS_TO_READ = {("GET", f"{API}/accounts"), ("GET", f"{API}/tokens")}

FOR_OPERATORS = re.compile(
    rf"(POST {API}/cameras/x/(enable|disable|save|clip)"
    rf"|(POST|PUT|PATCH|DELETE) {API}/rules(/.*)?"
    rf"|PATCH {API}/toggles|DELETE {API}/statistics)"
)
"""All that changes something and does not take an admin."""


def requests(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[Request]:
    """Method and path of every route, with `x` for what paths leave open."""
    for route in routes:
        if isinstance(route, WebSocketRoute):
            continue
        if (included := getattr(route, "original_router", None)) is not None:
            yield from requests(included.routes, prefix)
        elif isinstance(route, Mount):
            yield from requests(route.routes or [], prefix + route.path)
        else:
            path: str = route.path  # type: ignore[attr-defined]
            for method in route.methods or ():  # type: ignore[attr-defined]
                yield method, prefix + re.sub(r"\{[^}]*\}", "x", path)


def needed(request: Request) -> str | None:
    """Said here once more, in other words than the product's."""
    method, path = request
    if request in OPEN:
        return None
    if request in FOR_ADMINS_TO_READ:
        return "admin"
    if method in ("GET", "HEAD"):
        return "viewer"
    return "operator" if FOR_OPERATORS.fullmatch(f"{method} {path}") else "admin"


def with_tokens(server: Server) -> None:
    store = server.security.access.store
    store.add_account("ann", "admin", "hash", 0.0)
    for role in ROLES:
        store.add_token(role, role, digest(role), 0.0)


def as_role(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {role}"}


def test_each_route_refuses_without_login_and_with_too_small_a_role(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        app = create_app(server.hub, server.reporter.delivered, server.not_ready, server.services)
        found = set(requests(app.routes))
        described = (await client.get(f"{API}/openapi.json")).json()["paths"]
        for path, methods in described.items():
            for method in methods:
                assert (method.upper(), API + re.sub(r"\{[^}]*\}", "x", path)) in found
        assert found >= OPEN | FOR_ADMINS_TO_READ, "this test's own lists are up to date"
        assert {needed(request) for request in found} == {None, *ROLES}

        with_tokens(server)
        for method, path in sorted(found):
            role = needed((method, path))
            answer = await client.request(method, path)
            if role is None:
                assert answer.status_code != 401 or path == f"{API}/session"
                continue
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert method == "HEAD" or set(answer.json()) == {"what", "where", "todo", "problems"}
            for smaller in ROLES[: ROLES.index(role)]:  # type: ignore[arg-type]
                answer = await client.request(method, path, headers=as_role(smaller))
                assert answer.status_code == 403, (method, path, smaller)
                assert method == "HEAD" or role in answer.json()["what"]

    with_api(tmp_path, play)


def test_each_route_lets_in_those_who_may(tmp_path: Path) -> None:
    """Behind the gate stands something that only says that it was reached: nothing is changed here."""

    async def reached(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("reached", 299)(scope, receive, send)

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        app = create_app(server.hub, server.reporter.delivered, server.not_ready, server.services)
        with_tokens(server)
        security = server.security
        gate: ASGIApp = Gate(
            reached, access=security.access, names=security.names, viewer_files=viewer_files()
        )
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(gate), base_url="http://127.0.0.1"
        ) as through:
            for method, path in sorted(set(requests(app.routes))):
                role = needed((method, path))
                for enough in ROLES[0 if role is None else ROLES.index(role) :]:  # type: ignore[arg-type]
                    answer = await through.request(method, path, headers=as_role(enough))
                    assert answer.status_code == 299, (method, path, enough)

    with_api(tmp_path, play)


def test_the_page_loads_without_login_and_nothing_else_does(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        with_tokens(server)
        assert {"/", "/index.html", "/scripts/main.js"} <= viewer_files()
        for path in viewer_files():
            assert (await client.get(path)).status_code == 200, path
        for path in (
            "/nothing",
            "/../main.py",
            "/%2e%2e/main.py",
            "//api/v1/cameras",
            "/api/v1/cameras/",
            "/ws",
        ):
            answer = await client.get(path)
            assert answer.status_code == 401, path
            assert "cameras" not in answer.text

    with_api(tmp_path, play)


async def handshake(app: ASGIApp, *headers: tuple[bytes, bytes], path: str = "/ws") -> list[dict[str, Any]]:
    """What a WebSocket's handshake is answered with."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    received = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}])

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(dict(message))

    await asyncio.wait_for(app(scope, receive, send), 30)
    return sent


@pytest.mark.parametrize("path", ["/ws", "/other", "/api/v1/cameras"])
def test_no_websocket_opens_without_login(tmp_path: Path, path: str) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        app = create_app(server.hub, server.reporter.delivered, server.not_ready, server.services)
        with_tokens(server)
        [start, *_] = await handshake(app, path=path)
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
        [start, *_] = await handshake(app, (b"authorization", b"Bearer nonsense"), path=path)
        assert start["status"] == 401
        if path == "/ws":
            [first, *_] = await handshake(app, (b"authorization", b"Bearer viewer"))
            assert first["type"] == "websocket.accept"

    with_api(tmp_path, play)


def test_a_download_without_length_ends_with_its_login_and_without_a_line_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "AGAIN_EVERY", -1.0)
    sent: list[bytes] = []

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        with_tokens(server)
        store = server.security.access.store

        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            store.remove_token("viewer")
            sent.append(b"asked for the second")
            yield b"second"
            sent.append(b"asked for the third")

        security = server.security
        gate = Gate(
            StreamingResponse(parts()),
            access=security.access,
            names=security.names,
            viewer_files=viewer_files(),
        )
        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as through:
            answer = await through.get("/download", headers=as_role("viewer"))
        assert (answer.status_code, answer.content) == (200, b"first")

    with_api(tmp_path, play)
    assert sent == [b"asked for the second"]
