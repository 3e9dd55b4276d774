"""One client's connection: what it says goes to the hub, what waits for it goes out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from fastapi import WebSocket, WebSocketDisconnect

from camwire.server import wire
from camwire.server.auth.access import Caller, caller_of
from camwire.server.auth.database import AccountsFileError
from camwire.server.hub import Client, ClosedError, Hub
from camwire.server.origin import same_origin

Delivered = Callable[[str, float], None]
"""Gets a camera's id and the seconds from a picture's arrival to its last byte in a client's socket."""


log = structlog.get_logger()


async def serve_client(socket: WebSocket, hub: Hub, delivered: Delivered) -> None:
    """Stay with a client from its handshake to its end."""
    tls = socket.url.is_secure
    if not same_origin(socket.headers.get("origin"), socket.headers.get("host"), tls=tls):
        await socket.close()  # before accepting: the handshake is answered with 403
        return
    await socket.accept()
    client = hub.join(socket.client.host if socket.client else "")
    refused: wire.Refused | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(_write(socket, client, delivered))
            refused = await _read(socket, hub, client, caller_of(socket.scope))
            writer.cancel()
        if refused:
            await socket.close(refused.code, refused.reason)
    except* WebSocketDisconnect:
        pass
    finally:
        hub.leave(client)


async def _read(socket: WebSocket, hub: Hub, client: Client, caller: Caller) -> wire.Refused | None:
    """Listen until the client goes, or says something that ends the connection."""

    def objection(message: wire.ClientMessage) -> wire.Wrong | None:
        """A subscription is the client's own affair; all else changes something for everyone."""
        try:
            if isinstance(message, wire.Subscribe) or caller.may("operator"):
                return None
        except AccountsFileError as error:
            log.error("nobody can change anything", problem=str(error))
            return wire.Wrong("the accounts can't be read")
        return wire.Wrong("this takes the role operator")

    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text")
        refused = hub.handle(client, text if text is not None else message["bytes"], objection)
        if refused:
            return refused
        await asyncio.sleep(0)  # of many messages at once each would be there already, and nobody else served


async def _write(socket: WebSocket, client: Client, delivered: Delivered) -> None:
    while True:
        try:
            message = await client.next()
        except ClosedError:
            return
        if isinstance(message, str):
            await socket.send_text(message)
        elif isinstance(message.message, str):
            await socket.send_text(message.message)
        else:
            await socket.send_bytes(message.message)
            client.sent += 1
            delivered(message.camera, time.monotonic() - message.arrived)
