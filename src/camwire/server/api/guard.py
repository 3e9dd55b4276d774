"""What is refused before any route sees it: pages from elsewhere that change something, and huge bodies."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camwire.server.api.errors import RefusedError, answer
from camwire.server.origin import same_origin

HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 256 << 10
"""Bytes."""
BODY_TIMEOUT = 30.0
"""Seconds that a body may take to come."""


class SameOrigin:
    """Refuses requests that change something and come from a page of another origin."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in HARMLESS:
            headers = Headers(scope=scope)
            tls = scope["scheme"] == "https"
            if not same_origin(headers.get("origin"), headers.get("host"), tls=tls):
                await _FROM_ELSEWHERE(scope, receive, send)
                return
        await self._app(scope, receive, send)


_FROM_ELSEWHERE = answer(
    RefusedError(
        HTTPStatus.FORBIDDEN,
        "a page from elsewhere may change nothing here",
        where="header Origin",
        todo="Use the server's own page, or a program, which sends no Origin.",
    )
)


class BoundedBody:
    """Refuses bodies that are too large or take too long; they are read before any route runs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in HARMLESS:
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                body = await _whole_body(receive)
        except RefusedError as refused:
            await answer(refused)(scope, receive, send)
            return
        except TimeoutError:
            await _TOO_SLOW(scope, receive, send)
            return
        if body is None:
            return
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return unread.pop() if unread else await receive()

        await self._app(scope, receive_again, send)


async def _whole_body(receive: Receive) -> bytes | None:
    """None where the client has gone. Raises RefusedError."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the body has more than {LARGEST_BODY >> 10} KiB",
                where="body",
                todo="Send less.",
            )
    return bytes(body)


_TOO_SLOW = answer(
    RefusedError(
        HTTPStatus.REQUEST_TIMEOUT,
        f"the body did not come within {BODY_TIMEOUT:g} seconds",
        where="body",
        todo="Send it again.",
    )
)
