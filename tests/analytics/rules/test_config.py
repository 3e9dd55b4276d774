"""Rules as they are configured: what is taken, and what is said of the rest."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from camwire.config.polygons import crossing_edges
from camwire.config.rules import (
    LineRule,
    Rule,
    ZoneRule,
    duplicate_names,
    unknown_cameras,
    unknown_classes,
)

RULES = TypeAdapter(tuple[Rule, ...])
ZONE = {"type": "zone", "name": "yard", "polygon": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]}
LINE = {"type": "line", "name": "door", "start": [0.1, 0.5], "end": [0.9, 0.5]}
ARROW = {"type": "direction", "name": "up", "start": [0.5, 0.9], "end": [0.5, 0.1]}
SPEED = {"type": "speed", "name": "pace"}
GROUND = {"picture": [[0.2, 0.4], [0.8, 0.4], [1, 1], [0, 1]], "metres": [[0, 9], [5, 9], [5, 0], [0, 0]]}


def mistakes(*rules):
    with pytest.raises(ValidationError) as error:
        RULES.validate_python(rules)
    return [(problem["loc"], problem["msg"]) for problem in error.value.errors()]


def test_what_is_left_out_has_a_default():
    zone, line, arrow, speed, heatmap = RULES.validate_python(
        [ZONE, LINE, ARROW, SPEED, {"type": "heatmap", "name": "map"}]
    )
    assert (zone.anchor, zone.units, zone.cameras, zone.classes) == ("bottom_centre", "fractions", None, None)
    assert (line.infinite, line.again, line.band) == (False, True, 20)
    assert (arrow.tolerance, arrow.distance) == (45, 50)
    assert (speed.standstill, speed.limit) == (30, None)
    assert (heatmap.columns, heatmap.rows) == (64, 36)
    (metric,) = RULES.validate_python([SPEED | {"ground": GROUND}])
    assert metric.standstill == 0.5


@pytest.mark.parametrize(
    ("rule", "change", "word"),
    [
        (ZONE, {"polygon": [[0, 0], [1, 1]]}, "three different points"),
        (ZONE, {"polygon": [[0, 0], [1, 1], [0, 0]]}, "three different points"),
        (ZONE, {"polygon": []}, "three different points"),
        (ZONE, {"polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}, "cross or touch"),
        (ZONE, {"polygon": [[0, 0], [0.5, 0.5], [1, 1]]}, "cross or touch"),
        (ZONE, {"polygon": [[0, 0], [1, 0], [640, 480]]}, "write `units: pixels`"),
        (ZONE, {"polygon": [[0, 0], [1, 0], [-1, 1]]}, "greater than or equal to 0"),
        (ZONE, {"polygon": [[0, 0], [1, 0], [float("nan"), 1]]}, "finite"),
        (ZONE, {"overcrowding": {"objects": 3, "until": 3}}, "less than `objects`"),
        (ZONE, {"colour": "red"}, "#rrggbb"),
        (ZONE, {"name": ""}, "at least 1 character"),
        (ZONE, {"classes": []}, "at least 1 item"),
        (ZONE, {"colr": "#ff0000"}, "not permitted"),
        (LINE, {"end": [0.1, 0.5]}, "two different points"),
        (LINE, {"end": [1.5, 0.5]}, "fractions go from 0 to 1"),
        (ARROW, {"end": [0.5, 0.9]}, "two different points"),
        (ARROW, {"tolerance": 0}, "greater than 0"),
        (SPEED, {"ground": GROUND | {"metres": [[0, 0], [1, 1], [2, 2], [0, 5]]}}, "no three of the four"),
        (SPEED, {"ground": GROUND | {"picture": [[0, 0], [0, 0], [1, 1], [0, 1]]}}, "no three of the four"),
        (
            SPEED,
            {"ground": GROUND | {"picture": [[2, 4], [8, 4], [9, 9], [0, 9]]}},
            "fractions go from 0 to 1",
        ),
        (SPEED, {"limit": 0}, "greater than 0"),
        (LINE, {"type": "lyne"}, "zone, line, direction, speed or heatmap"),
    ],
)
def test_mistakes(rule, change, word):
    found = mistakes(rule | change)
    assert len(found) == 1
    assert word in found[0][1]


def test_every_mistake_at_once_with_its_place():
    found = mistakes(ZONE | {"margin": -1}, LINE, LINE | {"band": "wide", "end": [2]})
    assert [place for place, _ in found] == [
        (0, "zone", "margin"), (2, "line", "end", 1), (2, "line", "band"),
    ]  # fmt: skip


def test_pixels_may_be_any_number():
    (zone,) = RULES.validate_python(
        [ZONE | {"units": "pixels", "polygon": [[0, 0], [1920, 0], [1920, 1080]]}]
    )
    assert zone.placed(zone.polygon, (1, 1)) == [(0, 0), (1920, 0), (1920, 1080)]


def test_names_classes_and_cameras_are_checked_together():
    rules = [
        ZoneRule(**ZONE, classes=("person", "cow"), cameras=("gate",)),
        LineRule(**LINE | {"name": "yard"}, cameras=("gate", "roof")),
    ]
    assert duplicate_names(rules) == [(1, "yard")]
    assert unknown_classes(rules, ["person"]) == [(0, 1, "cow")]
    assert unknown_cameras(rules, ["gate"]) == [(1, 1, "roof")]


corners = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=7, unique=True)


def shared_points(edge, other, steps=60):
    """By brute force, in exact sixtieths: points of ``edge`` that lie on ``other``."""
    (ax, ay), (bx, by) = other
    for step in range(steps + 1):
        x, y = (edge[0][i] * (steps - step) + edge[1][i] * step for i in (0, 1))
        cross = (bx - ax) * (y - ay * steps) - (by - ay) * (x - ax * steps)
        if (
            cross == 0
            and min(ax, bx) * steps <= x <= max(ax, bx) * steps
            and min(ay, by) * steps <= y <= max(ay, by) * steps
        ):
            yield x, y


@given(corners)
def test_crossing_edges_finds_what_brute_force_finds(polygon):
    edges = list(zip(polygon, [*polygon[1:], polygon[0]], strict=True))
    found = False
    for (i, one), (j, other) in combinations(enumerate(edges), 2):
        common = {(x * 60, y * 60) for x, y in {*one} & {*other}}
        neighbours = j == i + 1 or (i == 0 and j == len(edges) - 1)
        touching = {*shared_points(one, other), *shared_points(other, one)}
        found |= bool(touching - common) if neighbours else bool(touching)
    if found:
        assert crossing_edges(polygon)
    elif crossing_edges(polygon):
        # Brute force looks at sixtieths only; a true crossing lies between them.
        assert any(proper(one, other) for one, other in combinations(edges, 2))


def proper(one, other):
    def turn(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = one, other
    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
