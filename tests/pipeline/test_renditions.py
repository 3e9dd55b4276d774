"""What is made of frames: which renditions, at which rate, with what drawn where."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.devices.contracts import Overlay
from camwire.frames import Batch, Frame, Size, Tracks
from camwire.link.desired import View
from camwire.link.pictures import NvdsFrame, NvdsObject, decode_objects
from camwire.pipeline.renditions import higher_cap, lower_cap, objects_of, scene_for, wanted_views
from tests.support.frames import frame

CAPS = st.sampled_from([0.0, 0.5, 5.0, 20.0])


def per_second(cap: float) -> float:
    return cap or float("inf")


@given(CAPS, CAPS)
def test_no_cap_is_the_highest(one: float, other: float) -> None:
    assert per_second(higher_cap(one, other)) == max(per_second(one), per_second(other))
    assert per_second(lower_cap(one, other)) == min(per_second(one), per_second(other))


def test_what_is_wanted_twice_is_wanted_at_the_higher_rate() -> None:
    desired = SimpleNamespace(
        watched=("a",),
        views=(
            View(camera="a", rendition="full", max_fps=2.0),
            View(camera="b", rendition="full", max_fps=2.0),
            View(camera="b", rendition="full", max_fps=5.0),
            View(camera="b", rendition="objects"),
        ),
    )
    assert wanted_views(desired) == {"a": {"full": 0.0}, "b": {"full": 5.0, "objects": 0.0}}


def two_frames() -> tuple[Batch, Tracks]:
    """A track in each of two frames of different sizes."""
    frames = (replace(frame("a", 0), size=Size(640, 360)), replace(frame("b", 0), size=Size(200, 400)))
    empty = Tracks.empty(trace_length=3)
    tracks = replace(
        empty,
        boxes=np.array([[64, 36, 128, 72], [20, 40, 60, 80]], np.float32),
        scores=np.array([0.51239, 0.9], np.float32),
        classes=np.array([1, 0], np.int32),
        ids=np.array([7, 8], np.int64),
        frame_index=np.array([0, 1], np.int32),
        velocities=np.array([[10, 10], [10, 10]], np.float32),
        traces=np.full((2, 3, 2), 100, np.float32),
        keypoints=np.full((2, 5, 3), 0.5, np.float32),
    )
    return Batch(1, frames, 0.0), tracks


def stages() -> SimpleNamespace:
    return SimpleNamespace(thumbnail=Size(160, 90), overlay=Overlay(frozenset({"boxes"}), ("x", "y")))


def test_a_thumbnail_is_drawn_at_its_own_size() -> None:
    batch, tracks = two_frames()
    scene = scene_for("thumbnail", batch, tracks, stages())
    assert [one.size for one in scene.batch.frames] == [Size(160, 90), Size(44, 90)]
    assert scene.tracks.boxes == pytest.approx(np.array([[16, 9, 32, 18], [4.4, 9, 13.2, 18]], np.float32))
    assert scene.tracks.traces[0, 0] == pytest.approx([25, 25])
    assert scene.tracks.keypoints is not None
    assert scene.tracks.keypoints[0, 0] == pytest.approx([0.125, 0.125, 0.5])
    assert scene.tracks.velocities[0] == pytest.approx([2.5, 2.5])
    assert tracks.boxes[0, 0] == 64, "the full picture's tracks are left alone"


def test_a_clean_picture_has_nothing_drawn() -> None:
    batch, tracks = two_frames()
    scene = scene_for("clean", batch, tracks, stages())
    assert (len(scene.tracks), scene.overlay.toggles) == (0, frozenset())
    assert scene.batch is batch


def test_objects_are_told_for_their_own_frame() -> None:
    batch, tracks = two_frames()
    [made] = objects_of(batch, [1], tracks, ("person", "car"))
    objects = decode_objects(made.payload)
    assert (objects.ids, objects.classes, objects.scores) == ([8], ["person"], [0.9])
    assert objects.boxes == [[20, 40, 60, 80]]
    assert (made.index, made.frame.camera) == (1, "b")
    assert objects.nvdsanalytics is None


def test_objects_carry_what_deepstreams_rules_say_of_their_frame() -> None:
    batch, tracks = two_frames()

    def analysed(frame: Frame) -> NvdsFrame:
        status = NvdsObject(
            roi_status=[frame.camera], oc_status=[], lc_status=[], dir_status="", obj_status=" ROI:"
        )
        return NvdsFrame(
            oc_status={},
            obj_in_roi_cnt={frame.camera: 1},
            obj_lc_curr_cnt={},
            obj_lc_cum_cnt={},
            obj_cnt={},
            objects={0: status},
        )

    for index, made in enumerate(objects_of(batch, [0, 1], tracks, ("person", "car"), analysed)):
        assert decode_objects(made.payload).nvdsanalytics == analysed(batch.frames[index])
