"""Directions, speed and heat maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.config.rules import DirectionRule, HeatmapRule, SpeedRule
from tests.analytics.rules.scene import Scene, obj, seconds


def direction(**settings):
    defaults = {"start": (0, 0), "end": (100, 0), "distance": 50}
    return DirectionRule(type="direction", name="east", units="pixels", **(defaults | settings))


def speed(**settings):
    return SpeedRule(type="speed", name="pace", units="pixels", **settings)


def moved(rule, *places):
    scene = Scene(rule)
    for time, place in enumerate(places):
        scene.step(time / 20, obj(1, *place))
    return scene.kinds()


def test_a_direction_takes_its_distance():
    assert moved(direction(), (100, 200), (149, 200)) == []
    assert moved(direction(), (100, 200), (150, 200)) == ["direction"]


@pytest.mark.parametrize(
    ("place", "tolerance", "kinds"),
    [
        ((200, 290), 45, ["direction"]),
        ((200, 310), 45, []),
        ((0, 200), 45, []),
        ((99, 399), 90, []),
        ((101, 399), 90, ["direction"]),
        ((0, 200), 180, ["direction"]),
        ((200, 210), 5, []),
    ],
)
def test_a_direction_tolerates_an_angle(place, tolerance, kinds):
    assert moved(direction(tolerance=tolerance), (100, 200), place) == kinds


def test_a_direction_is_reported_once_until_another_is_taken():
    there = [(100 + 20 * step, 200) for step in range(20)]
    assert moved(direction(), *there) == ["direction"]
    assert moved(direction(), *there, *reversed(there), *there) == ["direction", "direction"]


@given(st.lists(st.tuples(st.floats(-8, 8), st.floats(-8, 8)), min_size=5, max_size=50))
def test_jitter_is_no_direction(jitter):
    assert moved(direction(tolerance=180), *((400 + x, 200 + y) for x, y in jitter)) == []


def test_speed_in_pixels():
    scene = Scene(speed())
    for time in seconds(0, 4):
        result = scene.step(time, obj(1, 100 + 30 * time, 200 + 40 * time), obj(2, 500, 200))
        assert np.isnan(result.speeds).all() == (time < 1)
    assert result.speeds == pytest.approx([50, 0], abs=0.01)


def test_speed_in_metres():
    ground = {
        "picture": ((300, 200), (700, 200), (900, 500), (100, 500)),
        "metres": ((0, 20), (10, 20), (10, 0), (0, 0)),
    }
    scene = Scene(speed(ground=ground), SpeedRule(type="speed", name="pixels"))
    # Along the left border, from the far end to the near one in 10 s; it looks faster as it comes closer.
    near, far = np.array((100, 500)), np.array((300, 200))
    depth = 400 / 800  # of the near border to the far one, as their lengths in the picture show
    for time in seconds(0, 10):
        share = time / 10
        seen = share / (share + (1 - share) / depth) if share < 1 else 1.0
        place = far + seen * (near - far)
        result = scene.step(time, obj(1, *place))
    assert result.speeds == pytest.approx([2.0], abs=0.02)


def test_speeding_is_reported_when_it_begins():
    scene = Scene(speed(limit=100))
    place = 100.0
    for time in seconds(0, 12):
        place += (150 if 3 <= time < 6 or time >= 9 else 20) / 20
        scene.step(time, obj(1, place % 990, 200) if place < 990 else obj(1, 989, 200))
    assert scene.kinds() == ["speeding", "speeding"]
    assert all(event.value > 100 for event in scene.events)
    assert scene.total("pace", "speeding") == 2


def test_stopping_and_moving_on():
    scene = Scene(speed(stopped_after=2))
    scene.walk(seconds(0, 12), lambda time: (100 + 60 * (min(time, 2) + max(time - 9, 0)), 200))
    assert scene.kinds() == ["stopped", "moving"]
    stopped, moving = scene.events
    assert 5 <= stopped.time - 1e6 <= 6.2
    assert 9 <= moving.time - 1e6 <= 11
    assert scene.engine.counts()["pace"]["gate"] == {"speeding": {}, "stopped": {"person": 1}}


def test_who_jitters_stands_still():
    random = np.random.default_rng(3)
    scene = Scene(speed(stopped_after=2))
    scene.walk(seconds(0, 20), lambda time: random.uniform((492, 192), (508, 208)))
    assert scene.kinds() == ["stopped"]


def heat(scene, rule="map", camera="gate"):
    return scene.engine.heatmap(rule, camera)


def test_a_heatmap_holds_the_seconds_spent_in_each_cell():
    scene = Scene(HeatmapRule(type="heatmap", name="map", columns=10, rows=5))
    scene.walk(seconds(0, 3), lambda time: (150, 250) if time <= 2 else (1000, 500))
    assert heat(scene).shape == (5, 10)
    assert heat(scene)[2, 1] == pytest.approx(2)
    assert heat(scene)[4, 9] == pytest.approx(1)
    assert heat(scene).sum() == pytest.approx(3)
    with pytest.raises(KeyError, match="no heat map"):
        heat(scene, camera="yard")


def test_a_heatmap_takes_no_more_than_a_second_for_a_gap():
    scene = Scene(HeatmapRule(type="heatmap", name="map"))
    scene.step(0, obj(1, 500, 200))
    scene.step(2.5, obj(1, 500, 200))
    scene.step(100, obj(1, 500, 200))
    assert heat(scene).sum() == pytest.approx(1)


def test_a_heatmap_fades():
    scene = Scene(HeatmapRule(type="heatmap", name="map", half_life=10))
    scene.walk(seconds(0, 1), lambda time: (500, 200))
    before = heat(scene).sum()
    scene.walk(seconds(2, 30), lambda time: None)
    faded_for = 30.0
    assert heat(scene).sum() == pytest.approx(before * 0.5 ** (faded_for / 10), rel=0.1)
