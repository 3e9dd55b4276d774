"""The whole server in one process, without a worker: requests go straight to the application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from camwire.link.endpoint import private_endpoints
from camwire.link.server_end import ServerEnd
from camwire.server.app import create_app
from camwire.server.document import FileDocument
from camwire.server.server import Server

TEXT = """\
# cameras of the house
cameras:
  - id: gate  # the first
    name: Main gate
    url: "rtsp://user:sesame@192.0.2.7/s"
  - id: a/b ü
    url: yard.mp4
    enabled: false
"""
RULES = "/api/v1/rules"
DOOR = {"name": "door", "type": "line", "start": [0.1, 0.5], "end": [0.9, 0.5]}
WITH_RULES = (
    TEXT
    + """\
rules:
  - name: door  # the front
    type: line
    start: [0.1, 0.5]
    end: [0.9, 0.5]
  # behind the house
  - name: yard
    type: zone
    polygon: [[0, 0], [1, 0], [1, 1]]
    cameras: [gate]
    loitering: 5
"""
)

Play = Callable[[httpx.AsyncClient, Server], Awaitable[None]]


def with_api(folder: Path, play: Play, text: str = TEXT) -> Path:
    """Let ``play`` use a server whose configuration is ``text`` in a file; returns the file."""
    path = folder / "camwire.yaml"
    path.write_text(text)

    async def run() -> None:
        with private_endpoints() as endpoints, ServerEnd(endpoints) as link:
            server = Server(FileDocument(path), link, {"cpu": ["true"]})
            app = create_app(server.hub, server.reporter.delivered, server.not_ready, server.services)
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                await play(client, server)

    asyncio.run(run())
    return path


def desired_names(server: Server) -> list[str]:
    """Of the rules that workers are to apply."""
    return [rule["name"] for rule in server.desired.document().rules]
