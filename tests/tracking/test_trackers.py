"""What holds for every tracker, whatever the scene."""

from dataclasses import replace
from typing import get_args

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camwire.config.tracker import TrackerConfig, TrackerType
from camwire.frames import Detections, Size, Tracks
from camwire.link.desired import DesiredTracker
from camwire.tracking import create, known, weakest_score
from tests.tracking.scenes import FOUND, batch_of, box, detections_of, frame, ids, rows_of, run

KINDS = ("bytetrack", "ocsort", "sort", "nvsort", "iou")
"""Those that go by boxes alone."""
ALL_KINDS = (*KINDS, "dcf")
TRACE = 5
LIMITS = {"iou": 150, "nvsort": 300}
"""Objects a camera that a tracker follows at most."""


def tracker(kind: str):
    return create(TrackerConfig.model_validate({"type": kind, "trace_length": TRACE}))


SCENE = st.lists(st.tuples(st.sampled_from([0.04, 0.1, 0.5]), FOUND), max_size=12)
SCENES = st.lists(SCENE, min_size=1, max_size=3)


def with_times(scene):
    """(time, rows) from (step, rows)."""
    times = np.cumsum([step for step, _ in scene])
    return [(float(time), rows) for time, (_, rows) in zip(times, scene, strict=True)]


def alone(kind, name, scene):
    one = tracker(kind)
    return [one.step(batch_of(frame(name, time)), detections_of(rows)) for time, rows in with_times(scene)]


@pytest.mark.parametrize("kind", ALL_KINDS)
@settings(deadline=None, max_examples=30)
@given(scenes=SCENES, data=st.data())
def test_cameras_are_independent_under_any_interleaving(kind, scenes, data):
    expected = {
        name: [rows_of(tracks) for tracks in alone(kind, name, scene)] for name, scene in named(scenes)
    }
    left = {name: with_times(scene) for name, scene in named(scenes)}
    got = {name: [] for name in left}
    together = tracker(kind)
    while any(left.values()):
        waiting = sorted(name for name, frames in left.items() if frames)
        chosen = data.draw(st.permutations(waiting))[: data.draw(st.integers(1, len(waiting)))]
        taken = [left[name].pop(0) for name in chosen]
        batch = batch_of(*(frame(name, time) for name, (time, _) in zip(chosen, taken, strict=True)))
        tracks = together.step(batch, detections_of(*(rows for _, rows in taken)))
        for index, name in enumerate(chosen):
            got[name].append(rows_of(tracks, index))
    assert got == expected


def named(scenes):
    return [(f"camera {index}", scene) for index, scene in enumerate(scenes)]


@pytest.mark.parametrize("kind", ALL_KINDS)
@settings(deadline=None, max_examples=30)
@given(scene=SCENE)
def test_ids_count_up_and_are_on_one_box_of_a_frame(kind, scene):
    highest = 0
    for tracks in alone(kind, "a", scene):
        now = ids(tracks)
        assert len(set(now)) == len(now)
        fresh = sorted(number for number in now if number > highest)
        assert fresh == list(range(highest + 1, highest + 1 + len(fresh)))
        highest += len(fresh)


@pytest.mark.parametrize("kind", ALL_KINDS)
@settings(deadline=None, max_examples=30)
@given(scene=SCENE, data=st.data())
def test_the_order_of_detections_has_no_say(kind, scene, data):
    shuffled = [(step, data.draw(st.permutations(rows))) for step, rows in scene]
    expected = [sorted(rows_of(tracks)) for tracks in alone(kind, "a", scene)]
    assert [sorted(rows_of(tracks)) for tracks in alone(kind, "a", shuffled)] == expected


@pytest.mark.parametrize("kind", ALL_KINDS)
@settings(deadline=None, max_examples=30)
@given(scene=SCENE)
def test_a_match_is_a_detection_of_the_same_frame_and_class(kind, scene):
    one = tracker(kind)
    for time, rows in with_times(scene):
        found = detections_of(rows)
        tracks = one.step(batch_of(frame("a", time)), found)
        matched = tracks.detections >= 0
        rows_matched = tracks.detections[matched]
        assert len(set(rows_matched.tolist())) == len(rows_matched)
        np.testing.assert_array_equal(found.classes[rows_matched], tracks.classes[matched])
        np.testing.assert_array_equal(found.scores[rows_matched], tracks.scores[matched])


@pytest.mark.parametrize("kind", ALL_KINDS)
@settings(deadline=None, max_examples=30)
@given(
    scene=SCENE, bad=st.lists(st.sampled_from(["nan", "inf", "inverted", "score"]), min_size=12, max_size=12)
)
def test_invalid_boxes_change_nothing(kind, scene, bad):
    rows_of_fault = {
        "nan": (float("nan"), 0, 10, 10, 0.9, 0),
        "inf": (0, 0, 10, float("inf"), 0.9, 0),
        "inverted": (50, 300, 10, 200, 0.9, 0),
        "score": (0, 0, 10, 10, float("nan"), 0),
    }
    spoiled = [(step, [rows_of_fault[fault], *rows]) for (step, rows), fault in zip(scene, bad, strict=False)]
    expected = [rows_of(tracks) for tracks in alone(kind, "a", scene)]
    assert [rows_of(tracks) for tracks in alone(kind, "a", spoiled)] == expected


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_result_has_the_promised_shapes(kind):
    for tracks in run(tracker(kind), [[box(100), box(300)]] * 8 + [[]]):
        count = len(tracks)
        expected = Tracks.empty(TRACE)
        for name, empty in columns_of(expected).items():
            column = getattr(tracks, name)
            assert column.shape == (count, *empty.shape[1:]), name
            assert column.dtype == empty.dtype, name


def columns_of(tracks):
    columns = {name: getattr(tracks, name) for name in Tracks.__dataclass_fields__}
    return {name: column for name, column in columns.items() if column is not None}


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_two_thousand_boxes(kind):
    generator = np.random.default_rng(0)
    rows = [box(x, y, 30, 60) for x, y in generator.uniform((0, 0), (1280, 720), (2000, 2))]
    last = run(tracker(kind), [rows] * 7)[-1]
    assert len(set(last.ids.tolist())) == len(last.ids)
    assert len(last) == LIMITS.get(kind, 2000)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_empty_batches_and_frames(kind):
    one = tracker(kind)
    assert len(one.step(batch_of(), Detections.empty())) == 0
    run(one, [[box(100)]] * 8)
    assert len(one.step(batch_of(frame("b", 0)), Detections.empty())) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_traces_end_at_the_bottom_centre_and_begin_with_nan(kind):
    results = run(tracker(kind), [[box(100 + 2 * step)] for step in range(12)])
    reported = [tracks for tracks in results if len(tracks)]
    bottoms = [((t.boxes[0, 0] + t.boxes[0, 2]) / 2, t.boxes[0, 3]) for t in reported]
    for shown in range(1, len(reported) + 1):
        trace = reported[shown - 1].traces[0]
        points = min(shown, TRACE)
        assert np.isnan(trace[: TRACE - points]).all()
        np.testing.assert_allclose(trace[TRACE - points :], bottoms[shown - points : shown], rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fps", [5, 30])
def test_velocity_is_in_pixels_per_second(kind, fps):
    results = run(tracker(kind), [[box(100 + 50 * step / fps)] for step in range(4 * fps)], fps=fps)
    np.testing.assert_allclose(results[-1].velocities[0], (50, 0), atol=4)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_another_picture_size_ends_the_tracks_but_not_the_counting(kind):
    one = tracker(kind)
    before = run(one, [[box(100)]] * 8)[-1]
    smaller = [
        one.step(batch_of(frame("a", 1 + step / 25, size=Size(640, 360))), detections_of([box(100)]))
        for step in range(8)
    ]
    assert ids(before) == [1]
    assert len(smaller[0]) == 0
    assert ids(smaller[-1]) == [2]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_forgotten_camera_comes_back_with_new_ids(kind):
    one = tracker(kind)
    run(one, [[box(100)]] * 8)
    run(one, [[box(100)]] * 8, camera="b")
    one.forget("a")
    one.forget("never seen")
    assert ids(run(one, [[box(100)]] * 8)[-1]) == [2]
    later = one.step(batch_of(frame("b", 8 / 25)), detections_of([box(100)]))
    assert ids(later) == [1]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_classes_are_not_mixed(kind):
    person, bicycle = box(100, label=0), box(100, label=1)
    last = run(tracker(kind), [[person, bicycle]] * 8)[-1]
    assert sorted(last.classes.tolist()) == [0, 1]
    assert sorted(ids(last)) == [1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_frames_that_the_detector_skips_are_no_misses(kind):
    """The detector looks at every third frame; the object is reported in the others too."""
    one = tracker(kind)
    results = []
    for step in range(40):
        rows = [box(100 + 2 * step)] if step % 3 == 0 else []
        found = replace(detections_of(rows), detected=np.array([step % 3 == 0]))
        results.append(one.step(batch_of(frame("a", step / 25)), found))
    assert [ids(tracks) for tracks in results[-12:]] == [[1]] * 12
    assert [int(tracks.detections[0]) for tracks in results[-4:]] == [0, -1, -1, 0]


def reconnected(id_reset, turn):
    """Ids before an interruption, right after it and once a new track would be confirmed."""
    one = create(TrackerConfig(id_reset=id_reset))
    results = []
    for step in range(10):
        after = step >= 5
        shown = frame("a", 0.04 * step, epoch=int(after), turn=turn * after)
        results.append(ids(one.step(batch_of(shown), detections_of([box(100)]))))
    return results[4], results[5], results[-1]


@pytest.mark.parametrize(
    ("id_reset", "after_loss", "after_end"),
    [
        ("never", ([1], [1], [1]), ([1], [1], [1])),
        ("on_reconnect", ([1], [], [2]), ([1], [1], [1])),
        ("on_eos", ([1], [1], [1]), ([1], [], [1])),
    ],
)
def test_id_reset_modes(id_reset, after_loss, after_end):
    assert reconnected(id_reset, turn=0) == after_loss
    assert reconnected(id_reset, turn=1) == after_end


def test_ids_begin_again_after_the_end_of_a_file_only():
    one = create(TrackerConfig(id_reset="on_eos"))
    run(one, [[box(100)], [box(100), box(300)], [box(100), box(300)]])
    again = [
        one.step(batch_of(frame("a", 1 + step / 25, epoch=1, turn=1)), detections_of([box(500)]))
        for step in range(3)
    ]
    assert [ids(tracks) for tracks in again] == [[], [1], [1]]


def test_an_unknown_type_is_named():
    with pytest.raises(ValueError, match="unknown tracker type 'magic'"):
        create(DesiredTracker(type="magic", trace_length=1))


def test_the_configuration_offers_every_tracker():
    assert set(get_args(TrackerType)) == set(known())


def test_a_low_level_file_takes_the_place_of_a_type(tmp_path):
    path = tmp_path / "tracker.yml"
    path.write_text("TargetManagement:\n  probationAge: 0\n  maxTargetsPerStream: 1\n")
    one = create(TrackerConfig(config=str(path)))
    assert ids(run(one, [[box(100), box(300)]])[0]) == [1]
    with pytest.raises(ValueError, match="either `type` or `config`"):
        TrackerConfig(type="dcf", config=str(path))


@pytest.mark.parametrize("kind", ["bytetrack", "ocsort", "sort", "dcf"])
@pytest.mark.parametrize(("threshold", "expected"), [(0.54, [1]), (0.56, [])])
def test_objects_begin_at_the_users_threshold(kind, threshold, expected):
    one = create(TrackerConfig.model_validate({"type": kind}), score_threshold=threshold)
    # Even where there is nothing to see, a tracker that looks at pictures follows detections.
    picture = av.VideoFrame.from_ndarray(np.full((72, 128), 90, np.uint8), "gray")
    results = [
        one.step(batch_of(frame("a", step / 25, picture=picture)), detections_of([box(300, score=0.55)]))
        for step in range(8)
    ]
    assert ids(results[-1]) == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("bytetrack", 0.2), ("sort", 0.2), ("dcf", 0.2), ("ocsort", 0.4), ("nvsort", 0.4)]
)
def test_weaker_detections_are_wanted_by_trackers_that_carry_on_with_them(kind, expected):
    assert weakest_score(TrackerConfig.model_validate({"type": kind}), 0.4) == pytest.approx(expected)
