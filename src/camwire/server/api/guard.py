"""What is refused before any route sees it: pages from elsewhere that change something, and huge bodies."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camwire.server.api.errors import RefusedError, answer
from camwire.server.origin import same_origin

HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 256 << 10
"""Bytes."""


class SameOrigin:
    """Refuses requests that change something and come from a page of another origin."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in HARMLESS:
            headers = Headers(scope=scope)
            if not same_origin(headers.get("origin"), headers.get("host")):
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
    """Refuses bodies of more than ``LARGEST_BODY`` bytes, read before any route runs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in HARMLESS:
            await self._app(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > LARGEST_BODY:
                refused = RefusedError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"the body has more than {LARGEST_BODY >> 10} KiB",
                    where="body",
                    todo="Send less.",
                )
                await answer(refused)(scope, receive, send)
                return
        unread = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def receive_again() -> Message:
            return unread.pop() if unread else await receive()

        await self._app(scope, receive_again, send)
