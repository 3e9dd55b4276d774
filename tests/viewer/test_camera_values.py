"""scripts/cameras: what is suggested for an address, and what removing a camera does, as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from tests.support.browser import call_module
from tests.viewer.conftest import few

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("url", "name", "camera"),
    [
        ("rtsp://user:secret@192.0.2.10:554/stream1", "Camera 192.0.2.10", "192-0-2-10"),
        ("rtsp://[2001:db8::1]:8554/x", "Camera 2001:db8::1", "2001-db8-1"),
        ("http://back-door.example.net/video.mjpg?user=a", "Back door", "back-door"),
        ("/srv/videos/Main_gate.mp4", "Main gate", "main-gate"),
        ("rtsp://gate/1", "Gate", "gate-2"),
        ("rtsp:/", "", ""),
        ("admin:secret@192", "", ""),
        ("", "", ""),
    ],
)
def test_a_name_and_a_free_id_are_suggested(blank: Chrome, url: str, name: str, camera: str) -> None:
    found = call_module(blank, "cameras/suggestions.js", "return m.suggested(...a)", url, ["gate"])
    assert found == {"name": name, "id": camera}


secrets = st.text("abcXYZ0189!$*-_~", min_size=4, max_size=12).map(lambda text: f"Qq{text}qQ")


@few
@given(password=secrets, cut=st.integers(0, 60))
def test_no_password_is_ever_suggested_even_from_half_an_address(
    blank: Chrome, password: str, cut: int
) -> None:
    url = f"rtsp://user:{password}@192.0.2.10/stream"[: max(cut, 1)]
    found = call_module(blank, "cameras/suggestions.js", "return m.suggested(...a)", url, [])
    typed = url.partition("user:")[2].partition("@")[0]
    assert len(typed) < 4 or typed.lower() not in (found["name"] + found["id"]).lower()


def test_removing_a_camera_says_what_becomes_of_rules(blank: Chrome) -> None:
    rules = [
        {"name": "Alone", "cameras": ["gate"]},
        {"name": "Shared", "cameras": ["gate", "yard"]},
        {"name": "All", "cameras": None},
        {"name": "Other", "cameras": ["yard"]},
    ]
    body = "return m.consequences(...a)"
    gone, staying = call_module(blank, "cameras/removal.js", body, rules, "gate")
    assert "“Alone”." in gone
    assert "“Shared”." in staying
    assert call_module(blank, "cameras/removal.js", body, rules, "nobody") == []
