"""Plain HTTP: health, and the viewer's files."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from camwire.server.app import create_app
from camwire.server.desired import Desired
from camwire.server.hub import Hub
from camwire.server.viewer import SecurityHeaders, Viewer
from tests.server.configs import config


def with_client(app: ASGIApp, test: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    async def run() -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
        ) as client:
            await test(client)

    asyncio.run(run())


def app(not_ready: str | None = None) -> ASGIApp:
    hub = Hub(Desired(config("a")), changed=lambda: None, cleared=lambda: None)
    return create_app(hub, lambda *_: None, lambda: not_ready)


def test_health_and_readiness() -> None:
    async def healthy(client: httpx.AsyncClient) -> None:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
        for path in ("/healthz", "/readyz"):  # as many monitors ask
            assert (await client.head(path)).status_code == 200

    async def broken(client: httpx.AsyncClient) -> None:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json() == {"status": "not ready", "reason": "worker cpu is failing"}
        assert (await client.head("/readyz")).status_code == 503

    with_client(app(), healthy)
    with_client(app("worker cpu is failing"), broken)


def test_the_viewer_is_at_the_root() -> None:
    async def test(client: httpx.AsyncClient) -> None:
        page = await client.get("/")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "<title>" in page.text

    with_client(app(), test)


def test_everything_goes_out_with_a_strict_policy() -> None:
    async def test(client: httpx.AsyncClient) -> None:
        for path in ("/", "/healthz", "/nothing/here"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            for directive in (
                "default-src 'self'",
                "img-src 'self' blob: data:",
                "style-src 'self'",
                "worker-src 'self' blob:",
            ):
                assert directive in policy.split("; ")
            assert headers["x-content-type-options"] == "nosniff"

    with_client(app(), test)


@pytest.fixture
def viewer(tmp_path: Path) -> ASGIApp:
    folder = tmp_path / "web"
    (folder / "scripts").mkdir(parents=True)
    for name in ("index.html", "scripts/main.js", "scripts/worker.mjs", "look.css", "icon.svg"):
        (folder / name).write_text(f"content of {name}")
    (tmp_path / "secret.txt").write_text("secret")
    app = Starlette(routes=[Mount("/", Viewer(folder))])
    return SecurityHeaders(app)


def test_files_have_the_types_that_browsers_insist_on(viewer: ASGIApp) -> None:
    types = {
        "": "text/html",
        "scripts/main.js": "text/javascript",
        "scripts/worker.mjs": "text/javascript",
        "look.css": "text/css",
        "icon.svg": "image/svg+xml",
    }

    async def test(client: httpx.AsyncClient) -> None:
        for path, kind in types.items():
            response = await client.get(f"/{path}")
            assert response.status_code == 200, path
            assert response.headers["content-type"].split(";")[0] == kind

    with_client(viewer, test)


def test_an_unchanged_file_is_not_sent_again(viewer: ASGIApp) -> None:
    async def test(client: httpx.AsyncClient) -> None:
        first = await client.get("/look.css")
        assert first.headers["cache-control"] == "no-cache"
        again = await client.get("/look.css", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == "no-cache"

    with_client(viewer, test)


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/nothing"])
def test_nothing_outside_the_folder_is_served(viewer: ASGIApp, path: str) -> None:
    async def test(client: httpx.AsyncClient) -> None:
        assert (await client.get(path)).status_code == 404

    with_client(viewer, test)
