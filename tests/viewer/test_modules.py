"""The viewer's modules that decide, by value, in the browser that runs them."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from tests.support.browser import call_module
from tests.viewer.conftest import Playground

pytestmark = pytest.mark.e2e

few = settings(max_examples=25, deadline=None)


@pytest.fixture(scope="module")
def blank(browser: Chrome, playground: Playground) -> Chrome:
    """The browser at an address that holds no viewer, so that nothing but the module runs."""
    browser.get(f"{playground.address}/healthz")
    return browser


# --- grid-layout.js --------------------------------------------------------------------------

sizes = st.integers(50, 5000)


@few
@given(
    count=st.integers(1, 100), width=sizes, height=sizes, aspect=st.sampled_from([4 / 3, 16 / 9, 9 / 16, 3.0])
)
def test_tiles_are_as_large_as_they_can_be(
    blank: Chrome, count: int, width: int, height: int, aspect: float
) -> None:
    options = {"aspect": aspect, "gap": 8, "caption": 32, "smallest": 240}
    grid = call_module(blank, "grid-layout.js", "return m.gridLayout(...a)", count, width, height, options)
    columns, rows, tile = grid["columns"], grid["rows"], grid["tileWidth"]
    assert columns * rows >= count > columns * (rows - 1)
    assert columns * tile + 8 * (columns - 1) <= width
    assert grid["pictureHeight"] == math.floor(tile / aspect)

    def fitting(columns: int) -> int:
        rows = math.ceil(count / columns)
        share = (height - 8 * (rows - 1)) / rows - 32
        return math.floor(min((width - 8 * (columns - 1)) / columns, share * aspect))

    best = max(map(fitting, range(1, count + 1)))
    if grid["scrolls"]:
        assert best < min(240, width)
        assert tile >= min(240, width)
    else:
        assert tile == best
        assert rows * (grid["pictureHeight"] + 32) + 8 * (rows - 1) <= height


@few
@given(count=st.integers(1, 30), columns=st.integers(1, 8), data=st.data())
def test_arrows_lead_to_neighbours_and_back(blank: Chrome, count: int, columns: int, data: Any) -> None:
    index = data.draw(st.integers(0, count - 1))
    back = {
        "ArrowLeft": "ArrowRight",
        "ArrowRight": "ArrowLeft",
        "ArrowUp": "ArrowDown",
        "ArrowDown": "ArrowUp",
    }
    for key, opposite in back.items():
        body = "const n = m.neighbour(...a); return [n, n === null ? null : m.neighbour(n, %r, a[2], a[3])]"
        there, again = call_module(blank, "grid-layout.js", body % opposite, index, key, count, columns)
        assert there is None or (0 <= there < count and again == index)
    assert (
        call_module(blank, "grid-layout.js", "return m.neighbour(...a)", 0, "Enter", count, columns) is None
    )


# --- protocol.js -----------------------------------------------------------------------------


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
    ["name", "state", "reason", "retry_in_s", "fps", "drops", "objects", "latency_ms"]
)
stats_like = st.fixed_dictionaries(
    {"type": st.sampled_from(["stats", "toggles", "error", "other"])},
    optional={
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
def test_whatever_text_comes_is_read_or_refused(blank: Chrome, batch: list[str]) -> None:
    body = """
        return a[0].map((raw) => {
          const message = m.parseText(raw);
          if (message?.type !== "stats") return message;
          const cameras = message.stats.cameras.map((c) => ({ ...c, latency: [...c.latency] }));
          return { type: "stats", cameras };
        });
    """
    for raw, message in zip(batch, call_module(blank, "protocol.js", body, batch), strict=True):
        try:
            sent = json.loads(raw)
        except ValueError:
            assert message is None
            continue
        if not isinstance(sent, dict) or sent.get("type") not in ("stats", "toggles", "error"):
            assert message is None
        elif message["type"] == "toggles":
            toggles = sent.get("toggles")
            names = (
                {name for name, on in toggles.items() if on in (True, False)}
                if isinstance(toggles, dict)
                else ()
            )
            assert {name for name, _ in message["toggles"]} <= set(names)
        elif message["type"] == "error":
            assert message["message"]
        else:
            for camera in message["cameras"]:
                assert isinstance(camera["name"], str)
                assert isinstance(camera["state"], str)
                assert all(math.isfinite(fps) for fps in camera["fps"].values())
                assert camera["retryInSeconds"] is None or camera["retryInSeconds"] >= 0


def test_client_messages_are_as_documented(blank: Chrome) -> None:
    sent = call_module(blank, "protocol.js", "return [m.clearStats(), m.setToggle('labels', false)]")
    assert [json.loads(text) for text in sent] == [
        {"type": "clear_stats"},
        {"type": "set_vis_toggle", "toggle": "labels", "enabled": False},
    ]


# --- connection-state.js ---------------------------------------------------------------------

_WALK = """
    let state = m.initialState(0);
    let now = 0;
    return a[0].map(([event, after, chance]) => {
      now += after;
      state = m.nextState(state, event === "due" ? m.dueEvent(state, now) : event, now, chance);
      return { ...state, now, words: m.describe(state, now) };
    });
"""
events = st.sampled_from(["connect", "opened", "heard", "closed", "paused", "resumed", "due"])


@few
@given(st.lists(st.tuples(events, st.integers(0, 20_000), st.floats(0, 1)), min_size=1, max_size=40))
def test_every_walk_through_the_connections_life_is_sound(
    blank: Chrome, walk: list[tuple[str, int, float]]
) -> None:
    for state in call_module(blank, "connection-state.js", _WALK, walk):
        assert (state["phase"] == "waiting") == (state["retryAt"] is not None)
        if state["phase"] == "waiting":
            assert state["retryAt"] - state["since"] <= 15_000
        assert (state["words"]["long"] is None) == (
            state["failures"] == 0 or state["phase"] in ("open", "paused")
        )


def test_retries_grow_are_capped_and_spread(blank: Chrome) -> None:
    body = "return [0, 0.5, 1].map((chance) => Array.from({length: 40}, (_, n) => m.retryDelay(n, chance)))"
    low, middle, high = call_module(blank, "connection-state.js", body)
    assert high[:5] == [500, 1000, 2000, 4000, 8000]
    assert high[5:] == [15_000] * 35
    assert high == sorted(high)
    assert [delay / 2 for delay in high] == low
    assert all(a < b < c for a, b, c in zip(low, middle, high, strict=True))


def test_a_server_that_says_nothing_is_gone(blank: Chrome) -> None:
    walk = [("opened", 10, 0.0), ("heard", 10, 0.0), ("due", 5_999, 0.0), ("due", 1, 0.0), ("due", 250, 0.0)]
    phases = [state["phase"] for state in call_module(blank, "connection-state.js", _WALK, walk)]
    assert phases == ["open", "open", "open", "waiting", "connecting"]


# --- mailbox.js, picture-sink.js -------------------------------------------------------------


@few
@given(st.lists(st.sampled_from(["offer a", "offer b", "done a", "done b"]), max_size=60))
def test_newest_wins_and_nothing_queues(blank: Chrome, steps: list[str]) -> None:
    body = """
        const box = new m.Mailbox();
        const started = a[0].map((step, index) => {
          const [verb, key] = step.split(" ");
          return verb === "offer" ? box.offer(key, { index }) : box.done(key);
        });
        return [started.map((item) => item?.index ?? null), box.replaced];
    """
    started, replaced = call_module(blank, "mailbox.js", body, steps)
    busy: dict[str, bool] = {}
    waiting: dict[str, int] = {}
    expected_replaced = 0
    for index, (step, begun) in enumerate(zip(steps, started, strict=True)):
        verb, key = step.split()
        if verb == "offer" and not busy.get(key):
            busy[key] = True
            assert begun == index
        elif verb == "offer":
            expected_replaced += key in waiting
            waiting[key] = index
            assert begun is None
        else:
            assert begun == waiting.pop(key, None)
            busy[key] = begun is not None
    assert replaced == expected_replaced


@pytest.mark.parametrize("backend", ["await m.inWorker()", "m.inPage"], ids=["worker", "page"])
def test_pictures_are_shown_newest_last_wherever_they_are_decoded(blank: Chrome, backend: str) -> None:
    def jpeg(level: int) -> str:
        return base64.b64encode(
            cv2.imencode(".jpg", np.full((36, 64, 3), level, np.uint8))[1].tobytes()
        ).decode()

    body = """
        const canvas = document.createElement("canvas");
        const shown = [];
        const sink = new m.PictureSink(%s, (camera, size) => shown.push(size));
        sink.attach("gate", canvas);
        for (const text of a[0]) {
          const jpeg = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
          const message = new Uint8Array([4, 0, 0, 0, 0, ...jpeg]);
          sink.submit("gate", { buffer: message.buffer, offset: 5 });
        }
        const done = () => sink.counts.painted + sink.counts.broken + sink.counts.replaced === a[0].length;
        while (!done()) await new Promise(requestAnimationFrame);
        const copy = new OffscreenCanvas(64, 36).getContext("2d");
        const level = () => {
          copy.drawImage(canvas, 0, 0);
          return copy.getImageData(30, 20, 1, 1).data[0];
        };
        for (let tries = 0; Math.abs(level() - 210) > 3 && tries < 200; tries++) {
          await new Promise(requestAnimationFrame);
        }
        return [shown, level(), sink.counts];
    """
    rubbish = base64.b64encode(b"no picture").decode()
    pictures = [rubbish, *map(jpeg, range(10, 200, 10)), jpeg(210)]
    shown, level, counts = call_module(blank, "picture-sink.js", body % backend, pictures)
    assert shown == [None, {"width": 64, "height": 36}]
    assert level == pytest.approx(210, abs=3)
    assert counts == {"painted": 1, "broken": 1, "replaced": len(pictures) - 2}


# --- chart.js, history.js, format.js, announcer.js, camera-words.js --------------------------


@few
@given(st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=200))
def test_charts_show_the_last_values_inside_their_frame(blank: Chrome, values: list[float | None]) -> None:
    body = """
        const { History } = await import(new URL("scripts/history.js", document.baseURI));
        const history = new History(120);
        for (const value of a[0]) history.push(value ?? NaN);
        const kept = history.values();
        const end = m.axisEnd(kept);
        const points = m.linePoints(kept, 120, end ?? 1, 300, 50);
        return [kept.map((value) => (Number.isNaN(value) ? null : value)), end, points];
    """
    kept, end, runs = call_module(blank, "chart.js", body, values)
    assert kept == values[-120:]
    most = max((value for value in kept if value is not None), default=0)
    assert end is None if most == 0 else most <= end <= 2.5 * most * (1 + 1e-9)
    points = [point for run in runs for point in run]
    assert len(points) == sum(value is not None for value in kept)
    assert all(-1e-6 <= point["x"] <= 300 and 0 <= point["y"] <= 50 for point in points)
    if kept[-1] is not None:
        assert points[-1]["x"] == 300


def test_figures_are_written_for_people(blank: Chrome) -> None:
    body = """
        return [m.rate(24.96), m.rate(7.25), m.rate(0), m.milliseconds(3.14), m.milliseconds(41.2),
          m.milliseconds(1500), m.milliseconds(undefined), m.bytes(410e6), m.bytes(2.5e9), m.duration(59),
          m.duration(3700), m.duration(200000), m.codecName("hevc"), m.codecName(null), m.title("fps_cap")];
    """
    assert call_module(blank, "format.js", body) == [
        *("25", "7.3", "0", "3.1 ms", "41 ms", "1.5 s", "–", "410 MB", "2.5 GB", "59 s"),
        *("1 h 1 min", "2 d 7 h", "H.265", None, "Fps cap"),
    ]


def test_only_losses_and_returns_are_announced(blank: Chrome) -> None:
    body = """
        const before = new Map();
        const camera = (state, reason = null) => [{ id: "gate", name: "Gate", state, reason }];
        return [["connecting"], ["live"], ["live"], ["retrying", "no route to host"], ["connecting"],
          ["retrying", "no route to host"], ["live"]].map((step) => m.changes(before, camera(...step)));
    """
    assert call_module(blank, "announcer.js", body) == [
        *("", "", "", "Gate: Lost, no route to host", "", "", "Gate: Live"),
    ]


def test_cameras_say_why_they_wait(blank: Chrome) -> None:
    body = """
        const cameras = ["waiting", "live"].map((state) => ({ id: state, state, reason: null }));
        const processes = [{ reason: null }, { reason: "no model file" }];
        const [waiting, live] = m.withWorkersTrouble(cameras, processes);
        const without = m.withWorkersTrouble(cameras, [{ reason: null }]);
        return [m.cameraWords(waiting, false).detail, m.cameraWords(live, true).detail,
          m.cameraWords(without[0], false).detail, m.staleWords(live, true).label];
    """
    said = call_module(blank, "camera-words.js", body)
    assert said == ["no model file", None, "No worker is handling this camera yet.", "Last picture"]


def test_names_are_text_whatever_they_hold(blank: Chrome) -> None:
    body = """
        const tile = new m.CameraTile("<i>id</i>", () => {});
        const { parseText } = await import(new URL("scripts/protocol.js", document.baseURI));
        const camera = { name: "<img src=x>", state: "retrying", reason: "<b>no</b>", objects: {} };
        const { stats } = parseText(JSON.stringify({ type: "stats", cameras: { gate: camera } }));
        tile.update(stats.cameras[0], 0);
        return [tile.root.querySelectorAll("img, b, i").length, tile.root.textContent];
    """
    elements, text = call_module(blank, "camera-tile.js", body)
    assert elements == 0
    assert "<img src=x>" in text
    assert "<b>no</b>" in text
