"""Names and origins: DNS rebinding and pages from elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.server.origin import Names, host_name, is_loopback, same_origin


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Cams.Example:8080", "cams.example"),
        ("cams.example.", "cams.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:80", "::1"),
        ("[::1]", "::1"),
        ("::1", None),
        ("a b", None),
        ("evil@127.0.0.1", None),
        ("127.0.0.1/evil.example", None),
        ("127.0.0.1:80:80", None),
        ("", None),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str | None) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("bound_to", "configured", "known", "unknown"),
    [
        (
            "127.0.0.1",
            (),
            ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "127.9.9.9"],
            ["evil.example", "192.0.2.7", "box", "localhost.evil.example", "", "0.0.0.0"],
        ),
        ("127.0.0.1", ("Cams.Example",), ["cams.example", "localhost:1"], ["x.cams.example", "192.0.2.7"]),
        (
            "0.0.0.0",
            (),
            ["192.0.2.7", "[2001:db8::1]:80", "localhost", "box.lan", "box.local"],
            ["evil.example", "box.evil.example", "192.0.2.7.evil.example", "2130706433"],
        ),
        ("server-7", ("cams.example",), ["server-7:8080", "cams.example"], ["evil.example"]),
    ],
)
def test_the_names_that_are_ours(
    bound_to: str, configured: tuple[str, ...], known: list[str], unknown: list[str]
) -> None:
    names = Names(bound_to, configured, machine="box.lan")
    assert [name for name in known if not names.knows(name)] == []
    assert [name for name in unknown if names.knows(name)] == []
    assert names.knows(None), "only programs send none"


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    if Names("127.0.0.1", ()).knows(text):
        assert is_loopback(host_name(text) or "")


@pytest.mark.parametrize(
    ("origin", "host", "tls", "same"),
    [
        (None, "h:1", False, True),
        ("http://h:1", "h:1", False, True),
        ("http://H:1", "h:1", False, True),
        ("https://h", "h", True, True),
        ("http://h", "h", True, False),
        ("https://h", "h", False, True),
        ("http://h:2", "h:1", False, False),
        ("http://h.evil.example", "h", False, False),
        ("null", "h", False, False),
        ("", "", False, False),
        ("file://", "", False, False),
        ("http://h", None, False, False),
        ("http://[h", "h", False, False),
        ("ftp://h", "h", False, False),
    ],
)
def test_pages_from_elsewhere(origin: str | None, host: str | None, tls: bool, same: bool) -> None:
    assert same_origin(origin, host, tls=tls) is same


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *[(host, True) for host in ("127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "localhost")],
        *[(host, False) for host in ("0.0.0.0", "::", "", "192.0.2.1", "::ffff:192.0.2.1", "127.0.0.1.x")],
    ],
)
def test_what_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@given(st.text(), st.text(), st.booleans())
def test_any_origin_is_judged(origin: str, host: str, tls: bool) -> None:
    assert same_origin(origin, host, tls=tls) in (True, False)
