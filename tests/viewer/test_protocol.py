"""protocol.js: what messages say."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from tests.support.browser import call_module
from tests.viewer.conftest import few

pytestmark = pytest.mark.e2e


def head_of(message: bytes) -> dict[str, Any] | None:
    """What docs/reference/websocket.md says of a binary message's head."""
    if not message or message[0] == 0 or len(message) <= 1 + message[0]:
        return None
    try:
        camera = message[1 : 1 + message[0]].decode()
    except UnicodeDecodeError:
        return None
    return {"camera": camera.removeprefix("\ufeff"), "offset": 1 + message[0]}


def framed(camera: str, jpeg: bytes) -> bytes:
    return bytes([len(camera.encode())]) + camera.encode() + jpeg


camera_ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda text: len(text.encode()) <= 255
)
messages = st.one_of(st.binary(max_size=300), st.builds(framed, camera_ids, st.binary(max_size=9)))


@few
@given(st.lists(messages, max_size=20))
def test_heads_of_pictures_are_read_or_refused(blank: Chrome, batch: list[bytes]) -> None:
    body = """
        return a[0].map((text) => m.parsePicture(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
    """
    encoded = [base64.b64encode(message).decode() for message in batch]
    assert call_module(blank, "protocol.js", body, encoded) == [head_of(message) for message in batch]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
camera_keys = st.sampled_from(
    ["name", "state", "reason", "retry_in_s", "fps", "drops", "objects", "latency_ms", "rules"]
)
stats_like = st.fixed_dictionaries(
    {"type": st.sampled_from(["stats", "toggles", "error", "objects", "event", "other"])},
    optional={
        "camera_order": st.lists(st.text(max_size=5) | json_values, max_size=4) | json_values,
        "objects": json_values,
        "event": json_values,
        "cameras": st.dictionaries(st.text(max_size=5), st.dictionaries(camera_keys, json_values))
        | json_values,
        "processes": json_values,
        "clients": st.lists(json_values, max_size=2) | json_values,
        "connections": json_values,
        "uptime_s": json_values,
        "toggles": st.dictionaries(st.text(max_size=5), json_values) | json_values,
        "message": json_values,
    },
)


@few
@given(
    st.lists(
        st.one_of(st.text(max_size=20), json_values.map(json.dumps), stats_like.map(json.dumps)), max_size=8
    )
)
@example(['{"type": "stats", "cameras": {"": {}}, "camera_order": [[]]}'])
def test_whatever_text_comes_is_read_or_refused(blank: Chrome, batch: list[str]) -> None:
    body = """
        return a[0].map((raw) => {
          const message = m.parseText(raw);
          if (message?.type !== "stats") return message;
          const cameras = message.value.cameras.map((c) => ({ ...c, latency: [...c.latency] }));
          return { type: "stats", cameras };
        });
    """
    for raw, message in zip(batch, call_module(blank, "protocol.js", body, batch), strict=True):
        try:
            sent = json.loads(raw)
        except ValueError:
            assert message is None
            continue
        known = ("stats", "toggles", "error", "objects", "event")
        if not isinstance(sent, dict) or sent.get("type") not in known:
            assert message is None
        elif sent["type"] == "event":
            assert (message is None) == (not isinstance(sent.get("event"), dict))
        elif message["type"] == "objects":
            assert all(len(found["box"]) == 4 for found in message["value"]["objects"])
        elif message["type"] == "toggles":
            toggles = sent.get("toggles")
            names = (
                {name for name, on in toggles.items() if on in (True, False)}
                if isinstance(toggles, dict)
                else ()
            )
            assert {name for name, _ in message["value"]} <= set(names)
        elif message["type"] == "error":
            assert message["value"]
        else:
            for camera in message["cameras"]:
                assert isinstance(camera["name"], str)
                assert isinstance(camera["state"], str)
                assert all(math.isfinite(fps) for fps in camera["fps"].values())
                assert camera["retryInSeconds"] is None or camera["retryInSeconds"] >= 0


def test_client_messages_are_as_documented(blank: Chrome) -> None:
    body = """
        const subscription = { cameras: ["gate"], size: "thumbnail" };
        return [m.clearStats(), m.setToggle("labels", false), m.subscribe(subscription)];
    """
    assert [json.loads(text) for text in call_module(blank, "protocol.js", body)] == [
        {"type": "clear_stats"},
        {"type": "set_vis_toggle", "toggle": "labels", "enabled": False},
        {"type": "subscribe", "cameras": ["gate"], "size": "thumbnail"},
    ]


def test_cameras_come_in_the_order_of_the_configuration(blank: Chrome) -> None:
    body = "return m.parseText(a[0]).value.cameras.map(({ id }) => id)"
    stats = {"type": "stats", "camera_order": ["gate", "10", "2"], "cameras": {"10": {}, "2": {}, "gate": {}}}
    assert call_module(blank, "protocol.js", body, json.dumps(stats)) == ["gate", "10", "2"]
    del stats["camera_order"]
    assert sorted(call_module(blank, "protocol.js", body, json.dumps(stats))) == ["10", "2", "gate"]


def test_counts_of_rules_are_summed_over_classes(blank: Chrome) -> None:
    rules = {"door": {"in": {"person": 2, "car": 3}, "out": {}}}
    stats = {"type": "stats", "cameras": {"gate": {"rules": rules}}}
    body = "return [...m.parseText(a[0]).value.cameras[0].rules.get('door')]"
    assert call_module(blank, "protocol.js", body, json.dumps(stats)) == [["in", 5], ["out", 0]]
