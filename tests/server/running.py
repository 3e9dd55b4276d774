"""The web application on a real port, with a hub but without workers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from camwire.config.server import ServerConfig
from camwire.link.pictures import FrameHeader
from camwire.server.app import HttpServer, create_app, http_server
from camwire.server.desired import Desired
from camwire.server.hub import Hub
from camwire.server.listener import address_of, listen
from camwire.server.websocket import BoundedWebSocket
from tests.server.configs import config


def header(camera: str, **fields: Any) -> FrameHeader:
    """Of a frame that arrives now."""
    usual: dict[str, Any] = {
        "sequence": 1,
        "epoch": 1,
        "width": 640,
        "height": 360,
        "captured": 1.5,
        "published": 0.0,
        "arrived": time.monotonic(),
    }
    return FrameHeader(camera=camera, **{**usual, **fields})


@dataclass
class Running:
    address: str
    desired: Desired
    hub: Hub
    http: HttpServer
    delivered: list[tuple[str, float]]
    changed: list[int]
    """Revisions at which the hub said that something changed."""
    cleared: list[int] = field(default_factory=list)

    def connect(self, **options: Any) -> connect:
        options = {"max_size": None, "compression": None, "ping_interval": None, **options}
        return connect(self.address.replace("http", "ws", 1) + "ws", **options)

    def publish(self, camera: str, jpeg: bytes) -> None:
        self.hub.publish(header(camera), jpeg)


@asynccontextmanager
async def running(
    *cameras: str, websocket: type[BoundedWebSocket] = BoundedWebSocket, not_ready: str | None = None
) -> AsyncIterator[Running]:
    desired = Desired(config(*cameras))
    delivered: list[tuple[str, float]] = []
    changed: list[int] = []
    cleared: list[int] = []
    hub = Hub(
        desired,
        changed=lambda: changed.append(desired.revision),
        cleared=lambda: cleared.append(desired.stats_epoch),
    )
    app = create_app(hub, lambda camera, age: delivered.append((camera, age)), lambda: not_ready)
    http = http_server(app, websocket)
    with listen(ServerConfig(port=0)) as listener:
        address = address_of(listener)
        serving = asyncio.create_task(http.serve(sockets=[listener]))
        try:
            yield Running(address, desired, hub, http, delivered, changed, cleared)
        finally:
            http.should_exit = True
            await serving


async def until(condition: Callable[[], object], what: str, timeout: float = 30.0) -> None:
    """Wait for a condition with a deadline, while the loop runs."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        await asyncio.sleep(0.005)


async def text(client: ClientConnection) -> dict[str, Any]:
    """The next text message, past pictures."""
    while not isinstance(message := await asyncio.wait_for(client.recv(), 30), str):
        pass
    parsed = json.loads(message)
    assert isinstance(parsed, dict)
    return parsed


async def close_code(client: ClientConnection) -> int | None:
    """Read to the end of the connection and tell how it was closed."""

    async def read_on() -> None:
        async for _ in client:
            pass

    await asyncio.wait_for(asyncio.gather(read_on(), return_exceptions=True), 30)
    return client.close_code
