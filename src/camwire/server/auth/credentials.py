"""What a request brings along to say who sends it, and the secrets that it may be."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

COOKIE = "camwire_session"
COOKIE_UNDER_TLS = "__Host-camwire_session"
"""Browsers take a cookie of such a name from this very host and over TLS only."""
TOKEN_PREFIX = "camwire_"
"""By which scanners of leaked secrets, and people, know what they see."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Secrets: a session's id, a token. Never shown."""

    session: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return "Credentials(***)"


def cookie_name(*, tls: bool) -> str:
    return COOKIE_UNDER_TLS if tls else COOKIE


def credentials_of(cookie: str | None, authorization: str | None, *, tls: bool) -> Credentials:
    """From the headers Cookie and Authorization: `Bearer TOKEN`, or `Basic` with the token as password.

    Whoever sends a token means it: then the cookie doesn't count. Never raises.
    """
    if authorization is not None:
        return Credentials(token=_token_of(authorization))
    return Credentials(session=_cookies(cookie or "").get(cookie_name(tls=tls)))


def _cookies(header: str) -> dict[str, str]:
    """As browsers send them (RFC 6265, 5.4). Those of the host's other programs come along, in which
    anything may stand; Python's own reader gives up at what it doesn't know.
    """
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _token_of(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def new_session_id() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """256 random bits behind a prefix."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is kept in place of a session's id or a token: SHA-256 suffices for 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
