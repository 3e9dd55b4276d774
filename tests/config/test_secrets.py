"""Passwords open cameras and are never shown."""

import base64
import json
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from camwire.config.secrets import MASK, SHORTEST_SEARCHED, SecretRegistry, SecretUrl, encoded, redact

SECRET = "Tr0ub4dor"
AWKWARD = "a@b/c:d%e#f?gäß€ h"

# The marker makes a survivor recognisable; what surrounds it is anything that may stand in a password.
anything = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
passwords = st.builds(lambda before, after: f"{before}{SECRET}{after}", anything, anything)
in_one_piece = passwords.filter(lambda password: not any(map(str.isspace, password)))


@pytest.mark.parametrize(
    ("url", "user_info", "rest"),
    [
        ("rtsp://admin:plain@10.0.0.5:554/s", "admin:plain", "10.0.0.5:554/s"),
        ("rtsp://admin:p@ss@10.0.0.5/s", "admin:p%40ss", "10.0.0.5/s"),
        ("rtsp://admin:p/w@10.0.0.5/s", "admin:p%2Fw", "10.0.0.5/s"),
        ("rtsp://admin:12/34@10.0.0.5/s", "admin:12%2F34", "10.0.0.5/s"),
        ("rtsp://admin:p?a#b@cam:554/s", "admin:p%3Fa%23b", "cam:554/s"),
        ("rtsp://admin:a:b@[fe80::1]/s", "admin:a:b", "[fe80::1]/s"),
        ("rtsp://admin:100%sure@cam.local/s", "admin:100%25sure", "cam.local/s"),
        ("rtsp://admin:p%40ss@cam.local/s", "admin:p%40ss", "cam.local/s"),
        ("rtsp://admin:grün@localhost/s", "admin:gr%C3%BCn", "localhost/s"),
        ("rtsp://admin:pw@cam/live@main", "admin:pw", "cam/live@main"),
        ("rtsp://admin:pw@10.0.0.5/live@main.sdp", "admin:pw", "10.0.0.5/live@main.sdp"),
        ("rtsp://10.0.0.5:554/live@main", "", "10.0.0.5:554/live@main"),
        ("http://cam.local/s?mail=a@b.c", "", "cam.local/s?mail=a@b.c"),
        ("rtsp://cam/s", "", "cam/s"),
    ],
)
def test_user_info_is_found_and_encoded(url: str, user_info: str, rest: str) -> None:
    scheme = url.partition("://")[0]
    opened = SecretUrl(url).reveal()
    assert opened == (f"{scheme}://{user_info}@{rest}" if user_info else f"{scheme}://{rest}")
    assert SecretUrl(opened).reveal() == opened


@pytest.mark.parametrize("url", ["/dev/video0", "clips/cam@home.mp4", "C:clip", "50%.mp4"])
def test_a_path_stays_as_it_is(url: str) -> None:
    assert SecretUrl(url).reveal() == url
    assert SecretUrl(url).scheme == ""


@given(passwords)
@example(AWKWARD + SECRET)
def test_any_password_comes_through_to_a_sure_host(password: str) -> None:
    # A password that holds what looks like a host has to be percent-encoded; so has one that looks encoded.
    assume("@" not in password and "%" not in password and not password[0].isdigit())
    opened = SecretUrl(f"rtsp://admin:{password}@10.0.0.5:554/s").reveal()
    user_info, at, host = opened.removeprefix("rtsp://").partition("@")
    assert (unquote(user_info), at, host) == (f"admin:{password}", "@", "10.0.0.5:554/s")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_encoding_is_safe_in_a_url_and_done_once(text: str) -> None:
    once = encoded(text)
    assert not set("@/?#[] ") & set(once)
    assert once.isascii()
    assert encoded(once) == once


@given(passwords)
@example(AWKWARD + SECRET)
@example("://" + SECRET)
def test_a_secret_url_never_shows_its_password(password: str) -> None:
    url = SecretUrl(f"rtsp://admin:{password}@cam.local/s")
    for shown in (str(url), repr(url), f"{url}", f"{[url]}", url.redacted):
        assert SECRET not in shown
    assert MASK in url.redacted


@pytest.mark.parametrize("url", [f"admin:{SECRET}@10.0.0.5/s", f"rtsp:/admin:{SECRET}@cam/s"])
def test_a_url_without_its_scheme_is_masked_too(url: str) -> None:
    assert SECRET not in repr(SecretUrl(url))


@given(in_one_piece, anything)
def test_redact_masks_urls_within_text(password: str, around: str) -> None:
    assume(SECRET not in around)
    assert SECRET not in redact(f"{around} rtsp://admin:{password}@cam.local/s {around}")


@pytest.mark.parametrize(
    "text",
    [
        f"http://cam/s?user=a&password={SECRET}",
        f"http://cam/s?token={SECRET}&channel=1",
        f"http://cam/s?API_KEY={SECRET}",
        f"rtsp://cam/user=admin_password={SECRET}_channel=1.sdp",
        f"rtsp://cam/user=admin&password={SECRET}&channel=1",
    ],
)
def test_secret_parameters_are_masked(text: str) -> None:
    assert SECRET not in redact(f"can't open {text}: refused")
    assert SECRET not in str(SecretUrl(text))
    assert any(SECRET in secret for secret in SecretUrl(text).secrets())


def test_redact_leaves_other_text_alone() -> None:
    for text in (
        "rtsp://10.0.0.5/s?channel=1",
        "[h264 @ 0x55] error while decoding",
        "a@b.c",
        "sorted(key=len)",
    ):
        assert redact(text) == text


@given(passwords)
@example(AWKWARD + SECRET)
@example("'\"\\" + SECRET + "\u2028")
def test_a_registry_masks_every_spelling(password: str) -> None:
    registry = SecretRegistry()
    registry.add(SecretUrl(f"rtsp://admin:{encoded(password)}@10.0.0.5/s"))
    plain = unquote(encoded(password))
    in_json = (json.dumps(plain), json.dumps(plain, ensure_ascii=False))
    for spelled in (
        *(plain, quote(plain), quote(plain, safe=""), repr(plain), ascii(plain), encoded(password)),
        *in_json,
    ):
        assert SECRET not in registry.redact(f"401 for {spelled}!")
    authorisation = base64.b64encode(f"admin:{plain}".encode()).decode()
    assert authorisation not in registry.redact(f"Authorization: Basic {authorisation}")


def test_a_secret_within_a_secret_leaves_nothing_behind() -> None:
    registry = SecretRegistry()
    registry.add("hunter", "hunter2-and-more")
    assert registry.redact("hunter2-and-more hunter") == f"{MASK} {MASK}"


def test_very_short_secrets_do_not_blank_the_log() -> None:
    registry = SecretRegistry()
    registry.add("x" * (SHORTEST_SEARCHED - 1))
    assert registry.redact("xx fps") == "xx fps"


def test_the_longest_reading_of_an_unclear_url_is_secret() -> None:
    secrets = SecretUrl("rtsp://viewer:a@b.c/d@camera/s").secrets()
    assert {"a@b.c/d", "viewer:a@b.c/d"} <= secrets


def test_long_text_is_read_once() -> None:
    # With a search from every colon this would take minutes, which the suite's time-out would end.
    text = "a:" * 500_000
    assert redact(text) == text


def test_host_is_what_may_be_shown() -> None:
    assert SecretUrl("rtsp://admin:p/w@10.0.0.5:554/s?x").host == "10.0.0.5:554"
    assert SecretUrl("/dev/video0").host == ""
