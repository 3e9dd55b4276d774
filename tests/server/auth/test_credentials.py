"""Credentials in headers: whatever is sent, nothing raises, and nothing is shown."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.server.auth.credentials import (
    Credentials,
    cookie_name,
    credentials_of,
    digest,
    new_session_id,
    new_token,
)


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("cookie", "authorization", "tls", "found"),
    [
        (None, None, False, Credentials()),
        ("camwire_session=abc", None, False, Credentials(session="abc")),
        ("a=b; camwire_session=abc; c=d", None, False, Credentials(session="abc")),
        # Cookies are a host's, whatever the port: those of other programs on it come along, as they are.
        ('settings={"columns": 2}; camwire_session=abc', None, False, Credentials(session="abc")),
        ("seen; a b=c d; camwire_session=abc; [x]=1", None, False, Credentials(session="abc")),
        ("caf\xe9=\xfc;camwire_session = abc ;", None, False, Credentials(session="abc")),
        ("xcamwire_session=abc", None, False, Credentials()),
        ("camwire_session=abc", None, True, Credentials()),
        ("__Host-camwire_session=abc", None, True, Credentials(session="abc")),
        ("camwire_session=abc", "Bearer t", False, Credentials(token="t")),
        (None, "bearer  t ", False, Credentials(token="t")),
        (None, basic(b"anyone:t"), False, Credentials(token="t")),
        (None, basic(b"\xff:t"), False, Credentials(token="")),
        (None, "Basic !", False, Credentials(token="")),
        (None, "Digest x", False, Credentials(token="")),
        (None, "", False, Credentials(token="")),
    ],
)
def test_what_is_found(cookie: str | None, authorization: str | None, tls: bool, found: Credentials) -> None:
    assert credentials_of(cookie, authorization, tls=tls) == found


@given(st.none() | st.text(), st.none() | st.text(), st.booleans())
def test_nothing_raises(cookie: str | None, authorization: str | None, tls: bool) -> None:
    found = credentials_of(cookie, authorization, tls=tls)
    assert "***" in repr(found)
    for secret in (found.session, found.token):
        assert secret is None or len(digest(secret)) == 32


def test_secrets_are_long_and_never_the_same() -> None:
    assert len({new_session_id() for _ in range(100)} | {new_token() for _ in range(100)}) == 200
    assert len(base64.urlsafe_b64decode(new_session_id() + "=")) == 32
    assert cookie_name(tls=True).startswith("__Host-")
