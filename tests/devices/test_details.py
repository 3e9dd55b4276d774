"""Skeletons, masks and oriented boxes on a picture."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.devices.contracts import Overlay
from camwire.devices.cpu.palette import colour_of
from camwire.devices.cpu.render import CpuRenderer
from camwire.frames import Size, Tracks
from tests.devices.pictures import batch_of, flat, tracks_of

SIZE = Size(320, 180)
BOX = (100.0, 60.0, 164.0, 124.0)
EVERYTHING = ("boxes", "labels", "traces", "keypoints", "masks")

render = CpuRenderer()


def drawn(tracks: Tracks, *toggles: str) -> tuple[np.ndarray, np.ndarray]:
    """The picture, and where it differs from one without an overlay."""
    batch = batch_of(flat(SIZE))
    names = ("person", "car")
    (plain,) = render(batch, [0], Tracks.empty(), Overlay(frozenset(), names))
    (shown,) = render(batch, [0], tracks, Overlay(frozenset(toggles), names))
    return shown, (plain != shown).any(axis=2)


def posed(*points: tuple[float, float, float], boxes: int = 1) -> Tracks:
    """Tracks with these first keypoints of COCO's 17; the others aren't sure."""
    keypoints = np.zeros((boxes, 17, 3), np.float32)
    keypoints[:, : len(points)] = points
    return replace(tracks_of([BOX] * boxes), keypoints=keypoints)


def masked(mask: np.ndarray) -> Tracks:
    return replace(tracks_of([BOX]), masks=mask[None].astype(np.uint8))


def test_each_has_its_own_toggle() -> None:
    pose = posed((110, 70, 0.9), (150, 70, 0.9))
    mask = masked(np.full((64, 64), 255))
    for tracks, own in ((pose, "keypoints"), (mask, "masks")):
        assert drawn(tracks, own)[1].any()
        assert not drawn(tracks, *(set(EVERYTHING) - {own, "boxes", "labels"}))[1].any()
        assert not drawn(tracks_of([BOX]), own)[1].any()


def test_a_limb_joins_its_keypoints_where_both_are_sure() -> None:
    shown, marks = drawn(posed((110, 70, 0.9), (150, 70, 0.9)), "keypoints")
    assert marks[69:71, 110:150].any(axis=0).all()
    assert shown[70, 130].tolist() == list(colour_of(0))
    _, half = drawn(posed((110, 70, 0.9), (150, 70, 0.3)), "keypoints")
    assert half[70, 110]
    assert not half[:, 120:].any()
    assert not drawn(posed((np.nan, np.nan, np.nan), (150, 70, 0.3)), "keypoints")[1].any()


def test_other_numbers_of_keypoints_are_dots() -> None:
    keypoints = np.array([[[110, 70, 1], [150, 90, 1]]], np.float32)
    _, marks = drawn(replace(tracks_of([BOX]), keypoints=keypoints), "keypoints")
    assert marks[70, 110]
    assert marks[90, 150]
    assert not marks[80, 130]


def test_a_mask_tints_its_cells_of_the_box_and_nothing_else() -> None:
    left_half = np.zeros((64, 64))
    left_half[:, :32] = 255
    shown, marks = drawn(masked(left_half), "masks")
    rows, columns = np.nonzero(marks)
    assert (rows.min(), rows.max(), columns.min()) == (60, 123, 100)
    assert abs(int(columns.max()) - 131) <= 1
    grey = np.array(shown[0, 0], np.float64)
    np.testing.assert_allclose(shown[90, 110], grey * 0.55 + np.array(colour_of(0)) * 0.45, atol=1)


def test_an_oriented_box_is_drawn_as_it_lies() -> None:
    corners = np.array([[[130, 60], [164, 90], [130, 124], [100, 90]]], np.float32)
    _, marks = drawn(replace(tracks_of([BOX]), corners=corners), "boxes")
    assert marks[60:63, 128:132].any()
    assert not marks[60:70, 100:110].any()
    nowhere = np.full((1, 4, 2), np.nan, np.float32)
    _, upright = drawn(replace(tracks_of([BOX]), corners=nowhere), "boxes")
    assert upright[60, 100]


numbers = st.one_of(st.floats(width=32), st.floats(-400, 400, width=32))


@given(
    box=st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 4),
    point=st.tuples(numbers, numbers, st.floats(0, 1, width=32)),
    level=st.integers(0, 255),
)
def test_whatever_comes_can_be_drawn(
    box: tuple[float, float, float, float], point: tuple[float, float, float], level: int
) -> None:
    tracks = replace(
        tracks_of([box]),
        keypoints=np.tile(np.float32(point), (1, 17, 1)),
        masks=np.full((1, 8, 8), level, np.uint8),
        corners=np.tile(np.float32(point[:2]), (1, 4, 1)),
    )
    shown, _ = drawn(tracks, *EVERYTHING)
    assert shown.shape == (180, 320, 3)


@pytest.mark.parametrize("toggles", [(), ("keypoints", "masks")])
def test_frames_without_objects_stay_as_they_are(toggles: tuple[str, ...]) -> None:
    none = replace(
        Tracks.empty(),
        keypoints=np.empty((0, 17, 3), np.float32),
        masks=np.empty((0, 64, 64), np.uint8),
        corners=np.empty((0, 4, 2), np.float32),
    )
    assert not drawn(none, *toggles)[1].any()
