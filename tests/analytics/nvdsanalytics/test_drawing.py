"""What DeepStream would have drawn."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.analytics.nvdsanalytics.drawing import arrow
from camwire.analytics.nvdsanalytics.engine import NvdsAnalytics
from camwire.analytics.nvdsanalytics.history import TrackedObject
from camwire.analytics.nvdsanalytics.load import parse
from camwire.frames import Size

CONFIG = """
[property]
enable=1
config-width=1000
config-height=500
display-font-size=20
{property}
[roi-filtering-stream-0]
enable=1
roi-YARD=100;50;300;60;300;250;100;250
[overcrowding-stream-0]
enable=1
object-threshold=2
roi-DOOR=500;100;900;100;900;400;500;400
[line-crossing-stream-0]
enable=1
line-crossing-ENTRY=600;300;600;400;500;350;700;350
[direction-detection-stream-0]
enable=1
direction-NORTH=50;400;50;300
[roi-filtering-stream-1]
enable=0
roi-OFF=0;0;10;0;10;10
"""
SIZE = Size(500, 250)
IN_YARD = TrackedObject(1, 0, 80.0, 60.0, 20.0, 40.0)
IN_DOOR = [TrackedObject(number, 2, 290.0 + 20 * number, 60.0, 20.0, 40.0) for number in (2, 3)]


def annotation(*objects, properties="", stream=0, frames=1):
    analytics = NvdsAnalytics(parse(CONFIG.format(property=properties), "ini", "f").settings)
    for number in range(frames):
        result = analytics.process(stream, SIZE, number * 40_000_000, objects)
    return analytics.annotation(stream, result)


def texts(annotation):
    return [sign.text for sign in annotation.signs]


def test_shapes_are_scaled_to_the_frame():
    yard, door, north, entry = annotation().signs
    assert yard.strokes == ((50, 25, 150, 30), (150, 30, 150, 125), (150, 125, 50, 125), (50, 125, 50, 25))
    assert door.strokes[0] == (250, 50, 450, 50)
    assert north.strokes[0] == (25, 200, 25, 150)
    assert (entry.strokes[0], entry.strokes[-1]) == ((300, 150, 300, 200), (250, 175, 350, 175))
    assert annotation().size == SIZE


def test_colours_and_places_are_deepstreams():
    yard, door, north, entry = annotation().signs
    assert yard.place == (50, 30), "x of the first corner, y of the second"
    assert (door.place, north.place, entry.place) == ((250, 50), (25, 200), (350, 175))
    colours = [sign.colour for sign in (yard, door, north, entry)]
    assert colours == [(255, 255, 0), (255, 128, 0), (255, 0, 0), (0, 255, 0)]
    assert [sign.toggle for sign in (yard, door, north, entry)] == ["zones", "zones", "lines", "lines"]
    assert (annotation().text_size, annotation().line_width) == (20, 2)


def test_texts_say_what_was_counted():
    assert texts(annotation(IN_YARD)) == ["YARD=1", "DOOR OverCrowding=False, Count=0", "NORTH", "ENTRY=0"]
    assert texts(annotation(*IN_DOOR))[1] == "DOOR OverCrowding=True, Count=2"


def test_crossings_are_those_since_the_stream_began():
    analytics = NvdsAnalytics(parse(CONFIG.format(property=""), "ini", "f").settings)
    for number in range(40):
        walker = TrackedObject(1, 0, 290.0, 50.0 + 4 * number, 20.0, 40.0)
        result = analytics.process(0, SIZE, number * 40_000_000, [walker])
    assert texts(analytics.annotation(0, result))[3] == "ENTRY=1"
    assert result.line_counts == {"ENTRY": 0}


@pytest.mark.parametrize(
    ("mode", "shown", "remarks"),
    [(0, [], {}), (1, ["YARD", "DOOR", "NORTH", "ENTRY"], {}), (2, None, {1: " ROI:YARD"})],
)
def test_osd_mode(mode, shown, remarks):
    drawn = annotation(IN_DOOR[0], IN_YARD, properties=f"osd-mode={mode}")
    assert shown is None or texts(drawn) == shown
    assert drawn.remarks == remarks
    assert drawn.inverted == set(remarks)


def test_counts_of_objects_stand_in_the_corner_whatever_the_mode():
    (sign,) = annotation(IN_YARD, *IN_DOOR, properties="osd-mode=0\ndisplay-obj-cnt=1").signs
    assert (sign.text, sign.place, sign.strokes) == ("Count for ClassId0=1 ClassId2=2", (5, 5), ())


def test_a_region_counts_its_own_where_both_kinds_have_one_label():
    """In the metadata overcrowding's count wins; on the picture each has its own."""
    both = CONFIG.format(property="").replace("roi-DOOR", "roi-YARD")
    analytics = NvdsAnalytics(parse(both, "ini", "f").settings)
    result = analytics.process(0, SIZE, 0, [IN_YARD])
    assert texts(analytics.annotation(0, result))[:2] == ["YARD=1", "YARD OverCrowding=False, Count=0"]
    assert result.roi_counts == {"YARD": 0}


def test_what_is_off_or_of_another_stream_is_not_drawn():
    assert not annotation(stream=1).signs
    assert not annotation(stream=7).signs


@given(*[st.integers(0, 4000)] * 4)
def test_an_arrows_head_is_two_short_strokes_at_15_degrees(x1, y1, x2, y2):
    shaft, left, right = arrow((x1, y1), (x2, y2))
    assert shaft == (x1, y1, x2, y2)
    length = math.hypot(x1 - x2, y1 - y2)
    for barb in (left, right):
        assert barb[2:] == (x2, y2)
        assert math.hypot(barb[0] - x2, barb[1] - y2) == pytest.approx(0.15 * length, abs=1.5)
    if length > 200:
        angles = [math.atan2(barb[1] - y2, barb[0] - x2) for barb in (left, right)]
        back = math.atan2(y1 - y2, x1 - x2)
        turns = sorted(math.degrees((angle - back + math.pi) % math.tau - math.pi) for angle in angles)
        assert turns == pytest.approx([-15, 15], abs=4)
