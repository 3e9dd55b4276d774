"""Lines: crossing them, and not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.config.rules import LineRule
from tests.analytics.rules.scene import Scene, obj, seconds


def line(start=(300, 250), end=(700, 250), **settings):
    return LineRule(type="line", name="door", units="pixels", start=start, end=end, **settings)


def cross(rule, *places):
    scene = Scene(rule)
    for time, place in enumerate(places):
        scene.step(time / 20, obj(1, *place))
    return scene.kinds()


def test_from_left_to_right_is_in():
    assert cross(line(), (500, 200), (500, 300)) == ["in"]
    assert cross(line(), (500, 300), (500, 200)) == ["out"]
    assert cross(line(start=(700, 250), end=(300, 250)), (500, 300), (500, 200)) == ["in"]


def test_counts_are_by_class():
    scene = Scene(line())
    scene.step(0, obj(1, 500, 200, 0), obj(2, 400, 200, 1), obj(3, 600, 300, 1))
    scene.step(1, obj(1, 500, 300, 0), obj(2, 400, 300, 1), obj(3, 600, 200, 1))
    assert scene.engine.counts() == {"door": {"gate": {"in": {"person": 1, "car": 1}, "out": {"car": 1}}}}
    assert scene.events[0].counts == {"in": {"person": 1}, "out": {}}
    assert scene.events[2].counts == {"in": {"person": 1, "car": 1}, "out": {"car": 1}}


def test_a_jump_over_the_whole_picture_counts():
    assert cross(line(), (500, 1), (500, 499)) == ["in"]


@pytest.mark.parametrize("x", [250, 750])
def test_beyond_the_ends(x):
    assert cross(line(), (x, 200), (x, 300)) == []
    assert cross(line(infinite=True), (x, 200), (x, 300)) == ["in"]


def test_the_way_decides_not_the_places():
    assert cross(line(), (200, 200), (800, 300)) == ["in"]
    assert cross(line(), (100, 245), (600, 300)) == []


def test_who_goes_round_the_end_and_back_over_the_line_counts_once():
    assert cross(line(), (500, 200), (800, 200), (800, 300), (500, 300), (500, 200)) == ["out"]


def test_turning_back():
    way = [(500, 200), (500, 300), (500, 200), (500, 300)]
    assert cross(line(), *way) == ["in", "out", "in"]
    assert cross(line(again=False), *way) == ["in"]


def test_turning_back_within_the_band_is_nothing():
    assert cross(line(band=20), (500, 200), (500, 259), (500, 200)) == []
    assert cross(line(band=20), (500, 200), (500, 260), (500, 200)) == ["in", "out"]


def test_who_appears_on_the_line_has_no_side_yet():
    assert cross(line(band=20), (500, 255), (500, 300), (500, 200)) == ["out"]


def test_an_absence_is_bridged_but_not_a_long_one():
    for gap, kinds in ((2.9, ["in"]), (3.1, [])):
        scene = Scene(line())
        scene.step(0, obj(1, 500, 200))
        scene.step(gap, obj(1, 500, 300))
        assert scene.kinds() == kinds


@given(
    st.lists(st.floats(-8, 8), min_size=5, max_size=60),
    st.floats(-60, 60),
    st.sampled_from([((300, 250), (700, 250)), ((350, 100), (650, 400)), ((500, 450), (500, 50))]),
)
def test_jitter_of_8_pixels_never_counts(jitter, offset, ends):
    """Wherever the object stands, beside the line or on it."""
    (x1, y1), (x2, y2) = ends
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    across = (-(y2 - y1) / length, (x2 - x1) / length)
    places = [(500 + across[0] * (offset + push), 250 + across[1] * (offset + push)) for push in jitter]
    assert cross(line(*ends), *places) == []


@given(st.lists(st.floats(-8, 8), min_size=41, max_size=41), st.floats(1, 30))
def test_jitter_never_counts_a_crossing_twice_or_backwards(jitter, speed):
    """A way over the line from far away to far away."""
    places = [(500, 250 + (step - 20) * speed + push) for step, push in enumerate(jitter)]
    far = [(500, 150), *places, (500, 350)]
    scene = Scene(line())
    for time, place in zip(seconds(0, 3), far, strict=False):
        scene.step(time, obj(1, *place))
    assert scene.kinds() == ["in"]
