"""User names and passwords as people paste them."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.config.secrets import SecretUrl

# No hexadecimal digits: "%AB" may be meant either way, and counts as escaped.
awkward = st.text("@/:%#?&=+ äЖxyzXYZ", min_size=1)


@given(user=st.text("xyzXYZ_-ü", min_size=1), password=awkward)
def test_pasted_passwords_arrive_whole(user: str, password: str) -> None:
    url = SecretUrl(f"rtsp://{user}:{password}@192.168.1.20:554/live/main?profile=1").reveal()
    prefix, suffix = "rtsp://", "@192.168.1.20:554/live/main?profile=1"
    assert url.startswith(prefix)
    assert url.endswith(suffix)
    name, colon, secret = url[len(prefix) : -len(suffix)].partition(":")
    assert (unquote(name), colon, unquote(secret)) == (user, ":", password)
    assert not set("@/#? ") & set(secret)
    assert secret.isascii()


@given(awkward)
def test_escaping_twice_changes_nothing_more(password: str) -> None:
    once = SecretUrl(f"rtsp://user:{password}@10.0.0.1/x").reveal()
    assert SecretUrl(once).reveal() == once


@pytest.mark.parametrize(
    ("rest", "user", "address"),
    [
        ("cam/live", None, "cam/live"),
        ("cam:554/live", None, "cam:554/live"),
        ("cam/stream@2x", None, "cam/stream@2x"),
        ("nas:8080/cam@2.jpg", None, "nas:8080/cam@2.jpg"),
        ("10.0.0.1/a@b.c/d", None, "10.0.0.1/a@b.c/d"),
        ("user:pw@cam/stream@2x", "user:pw", "cam/stream@2x"),
        ("user@cam/live", "user", "cam/live"),
        ("user:@cam/live", "user:", "cam/live"),
        ("a:p@ss@cam/live", "a:p@ss", "cam/live"),
        ("a:12/34@10.0.0.5/live", "a:12/34", "10.0.0.5/live"),
        ("a:p@ss/w:rd%#?ü@127.0.0.1:8554/x", "a:p@ss/w:rd%#?ü", "127.0.0.1:8554/x"),
        ("a:b@[fe80::1]:554/x", "a:b", "[fe80::1]:554/x"),
        ("a:b@münchen.example/x", "a:b", "münchen.example/x"),
    ],
)
def test_where_the_user_part_ends(rest: str, user: str | None, address: str) -> None:
    opened = SecretUrl(f"rtsp://{rest}").reveal()
    assert opened.endswith(address)
    assert unquote(opened.removeprefix("rtsp://").removesuffix(address)) == (f"{user}@" if user else "")


def test_what_is_escaped_stays() -> None:
    url = "rtsp://user:p%40ss%25@cam.local/live"
    assert SecretUrl(url).reveal() == url


@pytest.mark.parametrize("address", ["clip.mp4", "/data/a@b.mp4", "/dev/video0"])
def test_paths_are_left_alone(address: str) -> None:
    assert SecretUrl(address).reveal() == address


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://cam/live", "cam"),
        ("rtsp://admin:geh@im/niss@10.1.2.3:554/live?x=1", "10.1.2.3:554"),
        ("rtsp://admin:geh@im/niss@cam/live", "the camera"),
        ("rtsp://admin:geh@im.niss/x@cam/live", "the camera"),
        ("rtsp://admin:geheim@not a host/live", "the camera"),
    ],
)
def test_the_host_is_shown_without_secrets(url: str, shown: str) -> None:
    assert SecretUrl(url).place == shown
