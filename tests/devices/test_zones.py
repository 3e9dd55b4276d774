"""The rules' shapes on a picture."""

import numpy as np
import pytest

from camwire.config.rules import DirectionRule, HeatmapRule, LineRule, SpeedRule, ZoneRule
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.render import CpuRenderer
from camwire.devices.cpu.zones import bgr, caption
from camwire.frames import Size, Tracks
from tests.devices.pictures import batch_of, flat

SIZE = Size(320, 180)
ZONE = ZoneRule(type="zone", name="z", polygon=((0.25, 0.5), (0.75, 0.5), (0.75, 0.9)), colour="#ff0000")
LINE = LineRule(type="line", name="l", start=(160, 60), end=(160, 160), units="pixels", colour="#00ff00")
ARROW = DirectionRule(type="direction", name="d", start=(0.1, 0.9), end=(0.4, 0.9))
FAR = LineRule(type="line", name="f", start=(-0.0, 9999), end=(1e12, 5), units="pixels")
EVERY = frozenset({"zones", "lines"})


def drawn(*rules, toggles=EVERY, counts=None):
    """Where a flat picture of camera-0 changed, [H, W] bool, and the picture."""
    batch = batch_of(flat(SIZE))
    (plain,) = CpuRenderer()(batch, [0], Tracks.empty(), Overlay(frozenset(), ()))
    overlay = Overlay(frozenset(toggles), (), rules, counts or {})
    (shown,) = CpuRenderer()(batch, [0], Tracks.empty(), overlay)
    return (plain != shown).any(axis=2), shown


def test_a_zone_is_tinted_inside_and_framed():
    changed, picture = drawn(ZONE)
    assert changed[100, 220]
    assert not changed[150, 100]
    assert picture[100, 220, 2] > picture[100, 220, 0]
    assert picture[90, 150].tolist() == [0, 0, 255]


def test_a_lines_arrow_points_to_the_side_that_is_in():
    changed, picture = drawn(LINE)
    assert picture[150, 159].tolist() == [0, 255, 0]
    # Downwards from start to end, right is where the picture's left is.
    assert changed[110, 150]
    assert not changed[110, 172]


@pytest.mark.parametrize(
    ("rule", "toggle"), [(ZONE, "zones"), (LINE, "lines"), (ARROW, "lines")], ids=["zone", "line", "arrow"]
)
def test_toggles_and_cameras_and_switched_off_rules(rule, toggle):
    assert drawn(rule, toggles={toggle})[0].any()
    assert not drawn(rule, toggles=EVERY - {toggle})[0].any()
    assert not drawn(rule.model_copy(update={"cameras": ("camera-1",)}))[0].any()
    assert not drawn(rule.model_copy(update={"enabled": False}))[0].any()


def test_rules_without_a_shape_leave_no_mark():
    assert not drawn(SpeedRule(type="speed", name="s"), HeatmapRule(type="heatmap", name="h"))[0].any()


def test_counts_stand_beside_the_shape():
    plain = drawn(LINE)[1]
    counted = drawn(LINE, counts={"camera-0": {"l": {"in": {"person": 2, "car": 1}, "out": {}}}})[1]
    assert (plain != counted).any()
    assert caption("l", {"in": {"person": 2, "car": 1}, "out": {}}) == "l  in 3  out 0"


def test_pixels_are_those_of_the_full_picture():
    """A thumbnail shows a rule where the full picture has it."""
    batch = batch_of(flat(Size(640, 360)), size=SIZE)
    rule = LINE.model_copy(update={"start": (320, 120), "end": (320, 320)})
    overlay = Overlay(EVERY, (), (rule,), bound=Size(1280, 720))
    (picture,) = CpuRenderer()(batch, [0], Tracks.empty(), overlay)
    assert picture[150, 159].tolist() == [0, 255, 0]


def test_shapes_outside_the_picture_do_no_harm():
    drawn(FAR)
    drawn(ZoneRule(type="zone", name="z", polygon=((500, 500), (900, 500), (700, 1e12)), units="pixels"))


def test_colours_are_given_red_first_and_drawn_blue_first():
    assert bgr("#102030") == (0x30, 0x20, 0x10)
    assert np.array(bgr("#ffb000")).tolist() == [0, 0xB0, 0xFF]
