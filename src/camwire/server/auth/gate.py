"""The gate: every request and every WebSocket passes it before any route does."""

from __future__ import annotations

import time
from collections.abc import Collection
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camwire.server.api.errors import RefusedError, answer
from camwire.server.auth.access import CALLER, Access, Caller
from camwire.server.auth.credentials import credentials_of
from camwire.server.auth.database import AccountsFileError
from camwire.server.auth.roles import Role, needed_role
from camwire.server.origin import Names

AGAIN_EVERY = 5.0
"""Seconds after which a connection that still sends is asked again whether it may."""
LOGGED_OUT = 4401
"""Close code of a WebSocket whose session or token is no longer good."""
LOGIN = "Log in with POST /api/v1/session, or send `Authorization: Bearer TOKEN`."

_CAUSES = {
    HTTPStatus.MISDIRECTED_REQUEST: "host",
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "role",
}

log = structlog.get_logger()


class Gate:
    """Refuses names that aren't ours (421), requests without login (401) and with too small a role (403)."""

    def __init__(self, app: ASGIApp, *, access: Access, names: Names, viewer_files: Collection[str]) -> None:
        self._app = app
        self._access = access
        self._names = names
        self._viewer_files = frozenset(viewer_files)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            if not self._names.knows(headers.get("host")):
                raise _unknown_name()
            credentials = credentials_of(
                headers.get("cookie"), headers.get("authorization"), tls=is_tls(scope)
            )
            caller = Caller(self._access, credentials)
            needed = needed_role(scope.get("method", "GET"), scope["path"], self._viewer_files)
            if needed is not None:
                _check(caller, needed)
                await caller.keep()
        except RefusedError as refused:
            self._access.refusals.requests[_CAUSES[refused.status]] += 1
            await _refuse(refused, scope, receive, send)
            return
        except AccountsFileError as error:
            log.error("nobody can be let in", problem=str(error))
            self._access.refusals.requests["accounts"] += 1
            await _refuse(_no_accounts_file(), scope, receive, send)
            return
        scope[CALLER] = caller
        try:
            await self._app(scope, receive, send if needed is None else _watched(caller, needed, scope, send))
        except (LoggedOutError, ClientDisconnect):
            return  # whoever it was for has gone, or has been sent away


def is_tls(scope: Scope) -> bool:
    return scope["scheme"] in ("https", "wss")


def _check(caller: Caller, needed: Role) -> None:
    if caller.may(needed):
        return
    user = caller.user()
    if user is None:
        raise RefusedError(
            HTTPStatus.UNAUTHORIZED, "nobody is logged in, or no longer", where="login", todo=LOGIN
        )
    raise RefusedError(
        HTTPStatus.FORBIDDEN,
        f"this takes the role {needed}; {user.name!r} is {user.role}",
        where="role",
        todo=f"Log in as {needed}, or have an admin change the role.",
    )


def _watched(caller: Caller, needed: Role, scope: Scope, send: Send) -> Send:
    """``send`` for as long as the caller may: pictures must not go on for one who is logged out.

    A response that has a length ends by itself.
    """
    checked = time.monotonic()
    ends = False

    async def send_if_allowed(message: Message) -> None:
        nonlocal checked, ends
        now = time.monotonic()
        if message["type"] == "http.response.start":
            ends = "content-length" in Headers(raw=message["headers"])
        elif not ends and now - checked > AGAIN_EVERY:
            checked = now
            if not _still_may(caller, needed):
                await _end(scope, send)
                raise LoggedOutError
            await caller.keep()
        await send(message)

    return send_if_allowed


def _still_may(caller: Caller, needed: Role) -> bool:
    try:
        return caller.may(needed)
    except AccountsFileError as error:
        log.error("nobody can be let in", problem=str(error))
        return False


class LoggedOutError(OSError):
    """To whoever still sends, this is a client that has gone."""


async def _end(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": LOGGED_OUT, "reason": "logged out"})
    else:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _refuse(refused: RefusedError, scope: Scope, receive: Receive, send: Send) -> None:
    """An answer like any other; a WebSocket's handshake gets it, too."""
    response = answer(refused)
    if refused.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="camwire"'
    await response(scope, receive, send)


def _unknown_name() -> RefusedError:
    return RefusedError(
        HTTPStatus.MISDIRECTED_REQUEST,
        "the server isn't known by this name",
        where="header Host",
        todo="Open it by its address, or add the name to server.hostnames in the configuration.",
    )


def _no_accounts_file() -> RefusedError:
    return RefusedError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the accounts can't be read",
        where="server",
        todo="The server's log says why.",
    )
