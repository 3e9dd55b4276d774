"""scripts/rules: geometry, snapping, drawing, the document that is edited, all as values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from camwire.config.base import ConfigModel
from camwire.config.polygons import crossing_edges
from camwire.config.rules import RULE_MODELS, OvercrowdingConfig
from tests.support.browser import call_module
from tests.viewer.conftest import few

pytestmark = pytest.mark.e2e

grid = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(list)
fractions = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(list)


def distinct(corners: list[list[float]]) -> bool:
    return all(one != other for one, other in zip(corners, [*corners[1:], corners[0]], strict=True))


@few
@given(st.lists(st.lists(grid | fractions, min_size=3, max_size=7).filter(distinct), max_size=20))
def test_polygons_are_refused_by_the_servers_measure(
    blank: Chrome, polygons: list[list[list[float]]]
) -> None:
    found = call_module(
        blank, "rules/geometry.js", "return a[0].map((p) => m.crossing(p) !== null)", polygons
    )
    assert found == [crossing_edges([tuple(corner) for corner in polygon]) for polygon in polygons]


@few
@given(point=st.tuples(st.floats(-50, 450), st.floats(-50, 250)), others=st.lists(grid, max_size=5))
def test_a_pointer_snaps_within_reach_and_stays_in_the_picture(
    blank: Chrome, point: tuple[float, float], others: list[list[int]]
) -> None:
    points = [[x * 60, y * 30] for x, y in others]
    around = {"width": 400, "height": 200, "points": points, "edges": []}
    snap = call_module(blank, "rules/snapping.js", "return m.snapped(...a)", point, around)
    x, y = snap["point"]
    assert 0 <= x <= 400
    assert 0 <= y <= 200
    inside = (min(400, max(0, point[0])), min(200, max(0, point[1])))
    assert (x - inside[0]) ** 2 + (y - inside[1]) ** 2 <= 100 + 1e-6
    if snap["to"] == "point":
        assert [x, y] in [*points, [0, 0], [400, 0], [400, 200], [0, 200]]
    free = call_module(blank, "rules/snapping.js", "return m.snapped(...a)", point, {**around, "free": True})
    assert free == {"point": list(inside), "to": None}


def test_shift_keeps_right_angles(blank: Chrome) -> None:
    around = {"width": 400, "height": 400, "points": [], "edges": [], "straight": True}
    body = "return m.snapped(...a).point.map(Math.round)"

    def snap(point: list[int], **more: Any) -> Any:
        return call_module(blank, "rules/snapping.js", body, point, {**around, **more})

    assert snap([203, 120], **{"from": [100, 100]}) == [203, 100], "level"
    assert snap([190, 210], **{"from": [100, 100]}) == [200, 200], "diagonal"
    slanted = snap([105, 245], **{"from": [150, 150], "before": [50, 100]})
    assert (slanted[0] - 150) * 100 + (slanted[1] - 150) * 50 == pytest.approx(0, abs=100), "across the edge"


_DRAW = """
    let drawing = m.started(a[0]);
    let last = null;
    for (const step of a[1]) {
      if (step === "close") last = m.closed(drawing);
      else if (step === "back") last = { drawing: m.shortened(drawing), done: null, refused: null };
      else last = m.placed(m.pointed(drawing, step));
      drawing = last.drawing;
    }
    return [drawing.placed, last.done, last.refused];
"""


def test_a_zone_is_drawn_corner_by_corner(blank: Chrome) -> None:
    corners = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]

    def draw(kind: str, *steps: Any) -> Any:
        return call_module(blank, "rules/drawing.js", _DRAW, kind, steps)

    assert draw("zone", *corners, "close") == [corners, corners, None]
    assert draw("zone", *corners[:2], "close")[1:] == [None, "A zone has three corners at least."]
    placed, done, refused = draw("zone", *corners, [0.5, 0.0])
    assert (placed, done) == (corners, None)
    assert "would cross" in refused
    assert draw("zone", *corners, "back")[0] == corners[:2]
    assert draw("zone", corners[0], corners[0]) == [corners[:1], None, None], "a double click is one corner"
    around = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.5, 0.1]]
    assert "would cross" in draw("zone", *around)[2]
    assert draw("line", [0, 0], [1, 1]) == [[[0, 0], [1, 1]], [[0, 0], [1, 1]], None]


def test_corners_move_only_where_nothing_crosses(blank: Chrome) -> None:
    square = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
    body = """
        const [square] = a;
        return [m.moved(square, 0, [0.3, 0.3], true), m.moved(square, 0, [0.9, 0.5], true),
          m.withoutCorner(square, 1), m.withoutCorner(square.slice(1), 1), m.split(square, 3),
          m.shifted(square, 0.5, -0.1)];
    """
    near, across, three, two, five, shifted = call_module(blank, "rules/shapes.js", body, square)
    assert near == {"points": [[0.3, 0.3], *square[1:]], "refused": None}
    assert across["points"] == square
    assert "would cross" in across["refused"]
    assert three == {"points": [square[0], *square[2:]], "refused": None}
    assert two["refused"] == "A zone has three corners at least."
    assert five == [*square, [0.2, 0.5]]
    assert shifted[0] == pytest.approx([0.4, 0.1]), "as far as the picture goes, the shape kept"
    assert shifted[2] == pytest.approx([1, 0.7])


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 99)),
        st.tuples(st.just("rename"), st.integers(0, 5), st.text(max_size=3)),
        st.tuples(st.just("remove"), st.integers(0, 5)),
        st.tuples(st.just("select"), st.integers(0, 5)),
        st.just(("undo",)),
        st.just(("redo",)),
    ),
    max_size=30,
)
_EDIT = """
    let doc = m.opened([{ name: "first" }]);
    const seen = [];
    for (const [what, key, value] of a[0]) {
      if (what === "add") doc = m.add(doc, [{ name: String(key) }]);
      else if (what === "rename") doc = m.change(doc, key, (settings) => ({ ...settings, name: value }));
      else if (what === "remove" && doc.now.rules.some((rule) => rule.key === key)) doc = m.remove(doc, key);
      else if (what === "select") doc = m.select(doc, key);
      else if (what === "undo" || what === "redo") doc = m[what](doc);
      seen.push([m.settingsOf(doc), doc.past.length, doc.future.length]);
    }
    const end = m.settingsOf(doc);
    let back = doc;
    while (back.past.length > 0) back = m.undo(back);
    let forth = back;
    for (let n = doc.past.length; n > 0; n--) forth = m.redo(forth);
    return [m.settingsOf(back), end, m.settingsOf(forth), m.isChanged(back)];
"""


@few
@given(steps)
def test_everything_can_be_undone_and_done_again(blank: Chrome, walk: list[Any]) -> None:
    back, end, forth, changed = call_module(blank, "rules/document.js", _EDIT, walk)
    assert back == [{"name": "first"}]
    assert forth == end
    assert changed is False


def test_what_belongs_together_is_one_step(blank: Chrome) -> None:
    body = """
        let doc = m.opened([{ name: "door", margin: 0 }]);
        const set = (value, token) => (doc = m.change(doc, 0, (s) => ({ ...s, margin: value }), token));
        for (let value = 1; value <= 5; value++) set(value, "drag");
        doc = m.settled(doc);
        set(9, "drag");
        doc = m.undo(doc);
        const afterOne = m.settingsOf(doc)[0].margin;
        const changed = m.isChanged(doc);
        doc = m.savedAs(doc, [{ margin: 5, name: "door" }, { name: "other" }]);
        return [afterOne, changed, m.isChanged(doc), m.settingsOf(m.undo(doc))[0].margin];
    """
    assert call_module(blank, "rules/document.js", body) == [5, True, False, 0]


@pytest.mark.parametrize("units", ["fractions", "pixels"])
@pytest.mark.parametrize("kind", ["zone", "line", "direction", "speed"])
def test_points_come_back_as_they_were_set(blank: Chrome, kind: str, units: str) -> None:
    corners = [[0.1, 0.2], [0.9, 0.25], [0.85, 0.9], [0.1, 0.7]][: 2 if kind in ("line", "direction") else 4]
    body = "const [s, p, size] = a; return m.points(m.withPoints(s, p, size), size)"
    settings = {"type": kind, "units": units}
    size = {"width": 1280, "height": 720}
    found = call_module(blank, "rules/settings.js", body, settings, corners, size)
    assert [pytest.approx(corner, abs=1e-3) for corner in corners] == found


def test_mistakes_are_shown_at_their_rules(blank: Chrome) -> None:
    body = "return [...m.byRule(...a)]"
    rules = [{"name": "door"}, {"name": "it's"}, {"name": ""}, {"name": "door"}]
    problems = [
        "rule 'door': the name is taken",
        'rule "it\'s": margin is -1',
        "rules[2]: name is empty",
        "the file is full",
    ]
    assert call_module(blank, "rules/mistakes.js", body, problems, rules) == [
        [3, ["the name is taken"]],
        [1, ["margin is -1"]],
        [2, ["name is empty"]],
        [None, ["the file is full"]],
    ]


def test_rules_that_come_together_have_different_colours(blank: Chrome) -> None:
    body = "return m.coloured(...a).map(({ colour }) => colour)"
    rules = [{"name": "a"}, {"name": "b", "colour": "#123456"}, {"name": "c"}]
    first, kept, last = call_module(blank, "rules/kinds.js", body, rules, [{"colour": "#ffb000"}])
    assert kept == "#123456"
    assert len({first, last, "#ffb000"}) == 3


def test_the_form_has_every_option_with_the_configurations_default(blank: Chrome) -> None:
    body = """
        const table = Object.entries(m.KINDS).map(([kind, { options }]) => [kind, options]);
        return Object.fromEntries([...table, ["overcrowding", m.OVERCROWDING]]);
    """
    offered = call_module(blank, "rules/kinds.js", body)
    elsewhere = {"name", "enabled", "cameras", "classes", "colour", "units", "type"}
    shapes = {"polygon", "start", "end", "ground", "overcrowding"}
    models: dict[str, type[ConfigModel]] = {**RULE_MODELS}
    assert set(offered) == {*models, "overcrowding"}
    for kind, model in models.items():
        options = {option["key"]: option["fallback"] for option in offered[kind]}
        fields = set(model.model_fields) - elsewhere - shapes
        assert options == {name: model.model_fields[name].default for name in fields}, kind
    keys = [option["key"].removeprefix("overcrowding.") for option in offered["overcrowding"]]
    assert keys == list(OvercrowdingConfig.model_fields)
