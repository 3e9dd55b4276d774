"""chart.js, history.js, format.js, announcer.js, camera-words.js, camera-tile.js: what people read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from tests.support.browser import call_module
from tests.viewer.conftest import few

pytestmark = pytest.mark.e2e


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
    assert end is None if most == 0 else most <= end <= max(1, 2 * most * (1 + 1e-9))
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
    assert said == [
        "The worker: no model file",
        None,
        "No worker is handling this camera yet.",
        "Last picture",
    ]


def test_names_are_text_whatever_they_hold(blank: Chrome) -> None:
    body = """
        const tile = new m.CameraTile("<i>id</i>", () => {});
        const { parseText } = await import(new URL("scripts/protocol.js", document.baseURI));
        const camera = { name: "<img src=x>", state: "retrying", reason: "<b>no</b>", objects: {} };
        const { value } = parseText(JSON.stringify({ type: "stats", cameras: { gate: camera } }));
        tile.update(value.cameras[0], 0);
        return [tile.root.querySelectorAll("img, b, i").length, tile.root.textContent];
    """
    elements, text = call_module(blank, "camera-tile.js", body)
    assert elements == 0
    assert "<img src=x>" in text
    assert "<b>no</b>" in text
