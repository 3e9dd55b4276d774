"""What is drawn, where, and what stays untouched."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.devices.contracts import Overlay
from camwire.devices.cpu.palette import PALETTE, Style, colour_of
from camwire.devices.cpu.render import CpuRenderer, pixel_corners
from camwire.frames import Size, Tracks
from tests.devices.pictures import batch_of, flat, tracks_of

SIZE = Size(320, 180)
NAMES = ("person", "bicycle", "car")
BOX = (100.0, 60.0, 160.0, 150.0)

render = CpuRenderer()


def overlay(*toggles: str) -> Overlay:
    return Overlay(frozenset(toggles), NAMES)


def drawn(tracks: Tracks, *toggles: str, size: Size = SIZE) -> np.ndarray:
    """Where the overlay changed a flat grey picture, [H, W] bool."""
    batch = batch_of(flat(size))
    (plain,) = render(batch, [0], Tracks.empty(), overlay())
    (shown,) = render(batch, [0], tracks, overlay(*toggles))
    return (plain != shown).any(axis=2)


def test_with_nothing_to_draw_the_picture_is_still_converted():
    (shown,) = render(batch_of(flat(SIZE, y=235)), [0], Tracks.empty(), overlay("boxes", "labels", "traces"))
    assert shown.shape == (180, 320, 3)
    assert (shown == 255).all()


def test_toggles_that_are_off_leave_no_mark():
    tracks = tracks_of([BOX], traces=[[(50, 50), (90, 90)]])
    assert not drawn(tracks).any()


def test_only_the_chosen_frames_are_rendered_each_with_its_own_rows():
    batch = batch_of(flat(y=16), flat(y=126), flat(y=235))
    tracks = tracks_of([(10, 20, 50, 60), (100, 100, 150, 150)], frame_index=[1, 2], classes=[0, 1])
    last, first = render(batch, [2, 0], tracks, overlay("boxes"))
    assert (first == 0).all()
    assert last[100, 120].tolist() == list(colour_of(1))
    assert (last[20, 10:50] == 255).all()


def test_a_box_frames_exactly_its_pixels():
    marks = drawn(tracks_of([BOX]), "boxes")
    rows, columns = np.nonzero(marks)
    # One dark pixel outside; the coloured line lies inside the box.
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (59, 150, 99, 160)
    assert not marks[70:140, 110:150].any()


def test_a_box_has_its_class_colour_whatever_its_id():
    boxes = [(10, 10, 60, 60), (80, 10, 130, 60), (150, 10, 200, 60)]
    (shown,) = render(batch_of(flat()), [0], tracks_of(boxes, classes=[2, 2, 1]), overlay("boxes"))
    assert [shown[30, x].tolist() for x in (10, 80, 150)] == [list(colour_of(index)) for index in (2, 2, 1)]


@pytest.mark.parametrize(
    "box", [(-20, -20, 30, 30), (290, 150, 400, 300), (-50, -50, 500, 500), (150, 0, 150.2, 0.2)]
)
def test_labels_are_whole_and_inside_the_picture(box):
    reference = drawn(tracks_of([(100, 90, 200, 140)]), "labels").sum()
    assert drawn(tracks_of([box]), "labels").sum() == pytest.approx(reference, rel=0.02)


def test_a_label_stands_on_its_box():
    rows, columns = np.nonzero(drawn(tracks_of([BOX]), "labels"))
    assert rows.max() == 59
    assert columns.min() == 100


def test_labels_tell_ids_and_classes_apart():
    def shown(**changes: list[int]) -> bytes:
        (picture,) = render(batch_of(flat()), [0], tracks_of([BOX, BOX], **changes), overlay("labels"))
        return picture.tobytes()

    assert shown(classes=[0, 0]) != shown(classes=[0, 1])


def test_labels_have_contrast_on_black_and_on_white():
    for level in (16, 235):
        (shown,) = render(batch_of(flat(y=level)), [0], tracks_of([BOX]), overlay("labels"))
        plate = shown[45:59, 102:180]
        assert int(plate.max()) - int(plate.min()) > 120


def test_a_label_wider_than_the_picture_is_cut_off():
    tiny = Size(40, 10)
    assert drawn(tracks_of([(5, 2, 20, 8)]), "labels", size=tiny).any()


def test_a_trace_runs_through_its_points_and_begins_after_the_nans():
    tracks = tracks_of([BOX, BOX], traces=[[(20, 20), (20, 100), (200, 100)], [(250.0, 30.0), (280.0, 30.0)]])
    marks = drawn(tracks, "traces")
    assert marks[20:100, 19:21].any(axis=1).all()
    assert marks[98:102, 20:200].any(axis=0).all()
    assert marks[29:31, 250:280].any(axis=0).all()
    assert not marks[:18].any()


def test_a_trace_of_one_point_or_none_is_no_mark():
    assert not drawn(tracks_of([BOX, BOX], traces=[[(20, 20)], []]), "traces").any()
    assert not drawn(tracks_of([BOX]), "traces").any()


coordinates = st.floats(-1e6, 1e6, width=32)


@given(st.lists(st.tuples(coordinates, coordinates, coordinates, coordinates), min_size=1, max_size=5))
def test_corners_are_inside_the_picture(boxes):
    corners = pixel_corners(np.array(boxes, np.float32), SIZE)
    assert (corners >= 0).all()
    assert (corners < np.array((320, 180, 320, 180))).all()


@given(
    box=st.tuples(coordinates, coordinates, coordinates, coordinates),
    trace=st.lists(st.tuples(coordinates, coordinates), max_size=4),
    class_index=st.integers(0, 2),
)
def test_whatever_a_tracker_says_can_be_drawn(box, trace, class_index):
    tracks = tracks_of([box], classes=[class_index], traces=[trace])
    (shown,) = render(batch_of(flat()), [0], tracks, overlay("boxes", "labels", "traces"))
    assert shown.shape == (180, 320, 3)


def test_threads_may_render_at_once():
    batch = batch_of(flat())
    tracks = tracks_of([(x, 40, x + 30, 90) for x in range(0, 280, 20)])
    everything = overlay("boxes", "labels")
    (expected,) = render(batch, [0], tracks, everything)
    with ThreadPoolExecutor(4) as pool:
        pictures = list(
            pool.map(lambda _: CpuRenderer()(batch_of(flat()), [0], tracks, everything)[0], range(40))
        )
    assert all((picture == expected).all() for picture in pictures)


def test_lines_and_letters_grow_with_the_picture():
    small, middle, large = (Style.for_size(Size(*size)) for size in ((320, 180), (1280, 720), (3840, 2160)))
    assert small.line < middle.line < large.line
    assert small.text < middle.text < large.text


def test_colours_are_distinct_and_light_enough_for_dark_letters():
    assert len(set(PALETTE)) == len(PALETTE)
    assert all(0.114 * b + 0.587 * g + 0.299 * r > 140 for b, g, r in PALETTE)
