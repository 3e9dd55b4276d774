"""Shapes and texts of other analytics on a picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camwire.devices.annotations import Annotation, Sign, opposite
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.palette import colour_of
from camwire.devices.cpu.render import CpuRenderer
from camwire.frames import Size, Tracks
from tests.devices.pictures import batch_of, flat, tracks_of

SIZE = Size(320, 180)
YARD = Sign("zones", (255, 255, 0), ((20, 20, 200, 20), (200, 20, 200, 160)), "YARD=3", (20, 60))
ENTRY = Sign("lines", (0, 255, 0), ((30, 100, 150, 100),), "", (150, 100))
EVERY = frozenset({"zones", "lines", "boxes", "labels"})


def note(*signs, **extra):
    return Annotation(SIZE, signs, line_width=2, text_size=12, **extra)


def drawn(annotation, *, toggles=EVERY, tracks=None, size=SIZE):
    """[H, W, 3] RGB of a flat picture of ``size``."""
    overlay = Overlay(frozenset(toggles), ("person",), annotator=lambda _: annotation)
    (picture,) = CpuRenderer()(batch_of(flat(SIZE), size=size), [0], tracks or Tracks.empty(), overlay)
    return picture[..., ::-1]


def changed(picture, size=SIZE):
    return (picture != drawn(None, size=size)).any(axis=2)


def test_strokes_lie_where_they_belong():
    picture = drawn(note(YARD, ENTRY))
    assert picture[20, 100].tolist() == [255, 255, 0]
    assert picture[120, 200].tolist() == [255, 255, 0]
    assert picture[100, 90].tolist() == [0, 255, 0]
    assert not changed(picture)[140:, :190].any()


def test_texts_have_their_signs_colour_on_black():
    picture = drawn(note(Sign("zones", (255, 128, 0), (), "HALL", (40, 50))))
    ys, xs = np.nonzero(changed(picture))
    assert (xs.min(), ys.min()) == (40, 50)
    part = picture[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    assert part[0, 0].tolist() == [0, 0, 0]
    assert (part == (255, 128, 0)).all(axis=2).any()


def test_a_text_at_the_edge_is_moved_into_the_picture():
    sign = Sign("zones", (255, 0, 0), (), "NORTH", (315, 178))
    assert changed(drawn(note(sign))).sum() == changed(drawn(note(Sign(*_at(sign, (100, 100)))))).sum()


def _at(sign, place):
    return sign.toggle, sign.colour, sign.strokes, sign.text, place


@pytest.mark.parametrize(("sign", "toggle"), [(YARD, "zones"), (ENTRY, "lines")])
def test_toggles(sign, toggle):
    assert changed(drawn(note(sign), toggles={toggle})).any()
    assert not changed(drawn(note(sign), toggles=EVERY - {toggle})).any()


def test_on_a_thumbnail_everything_is_smaller():
    small = Size(160, 90)
    picture = drawn(note(YARD, ENTRY), size=small)
    assert picture[10, 50].tolist() == [255, 255, 0]
    assert picture[50, 45].tolist() == [0, 255, 0]
    assert changed(picture, small).sum() < changed(drawn(note(YARD, ENTRY))).sum() / 2


def test_an_objects_remark_stands_behind_its_score():
    tracks = tracks_of([(60, 80, 100, 120), (200, 80, 240, 120)])
    plain = drawn(note(), tracks=tracks)
    told = (plain != drawn(note(remarks={1: " ROI:YARD"}), tracks=tracks)).any(axis=2)
    assert told[:, 200:].any()
    assert not told[:, :150].any()
    assert not (plain != drawn(note(remarks={1: " X"}), tracks=tracks, toggles=EVERY)).any(axis=2)[90:].any()
    boxes_only = drawn(note(remarks={1: " ROI:YARD"}), tracks=tracks, toggles={"boxes"})
    assert (boxes_only == drawn(note(), tracks=tracks, toggles={"boxes"})).all()


def test_a_box_may_have_the_opposite_colour():
    tracks = tracks_of([(60, 80, 100, 120), (200, 80, 240, 120)])
    picture = drawn(note(inverted=frozenset({1})), tracks=tracks, toggles={"boxes"})
    own = colour_of(0)[::-1]
    assert tuple(picture[100, 60].tolist()) == own
    assert tuple(picture[100, 200].tolist()) == opposite(own)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(*[st.integers(-(2**31), 2**31)] * 4), max_size=4),
    st.text(max_size=12),
    st.tuples(*[st.integers(-(10**6), 10**6)] * 2),
)
def test_nothing_harms(strokes, text, place):
    drawn(note(Sign("zones", (255, 0, 0), tuple(strokes), text, place)))
