"""ByteTrack's own rules."""

import numpy as np
import pytest

from camwire.config.tracker import TrackerConfig
from camwire.tracking import create
from tests.tracking.scenes import batch_of, box, detections_of, frame, ids, run


@pytest.fixture
def tracker():
    return create(TrackerConfig(type="bytetrack", trace_length=4))


def test_the_first_frames_objects_are_reported_at_once(tracker):
    assert ids(run(tracker, [[box(100), box(300)]])[0]) == [1, 2]


def test_later_objects_are_reported_when_seen_twice(tracker):
    results = run(tracker, [[], [box(100)], [box(102)]])
    assert [ids(tracks) for tracks in results] == [[], [], [1]]


def test_what_flashes_once_gets_no_id(tracker):
    results = run(tracker, [[], [box(100)], [], [box(100)], [], [box(300)], [box(300)]])
    assert [ids(tracks) for tracks in results] == [[], [], [], [], [], [], [1]]


def test_a_weak_detection_keeps_a_track_but_starts_none(tracker):
    strong, weak = box(100), box(100, score=0.3)
    assert [ids(tracks) for tracks in run(tracker, [[strong], [weak], [strong]])] == [[1], [1], [1]]
    fresh = create(TrackerConfig(type="bytetrack", trace_length=4))
    assert [ids(tracks) for tracks in run(fresh, [[weak]] * 5)] == [[]] * 5


def test_a_weak_detection_does_not_revive_a_lost_track(tracker):
    strong, weak = box(100), box(100, score=0.3)
    results = run(tracker, [[strong], [], [weak], [strong]])
    assert [ids(tracks) for tracks in results] == [[1], [], [], [1]]


def test_a_lost_track_is_found_again_where_it_was_going(tracker):
    way = [[box(100 + 4 * step)] for step in range(15)]
    hidden = [[]] * 10
    results = run(tracker, [*way, *hidden, [box(100 + 4 * 25)]])
    assert ids(results[-1]) == [1]


@pytest.mark.parametrize(("unseen", "expected"), [(1.9, [1]), (2.2, [])])
def test_patience_is_in_seconds(tracker, unseen, expected):
    run(tracker, [[box(100)]] * 5, fps=10)
    later = tracker.step(batch_of(frame("a", 0.4 + unseen)), detections_of([box(100)]))
    assert ids(later) == expected


def test_a_quick_reconnection_keeps_the_ids_and_begins_new_traces(tracker):
    run(tracker, [[box(100)]] * 5)
    frames = batch_of(frame("a", 900.0, epoch=1, arrived=0.6))
    after = tracker.step(frames, detections_of([box(102)]))
    assert ids(after) == [1]
    assert np.isfinite(after.traces[0]).all(axis=1).tolist() == [False, False, False, True]


def test_a_long_interruption_ends_the_tracks(tracker):
    run(tracker, [[box(100)]] * 5)
    after = [
        tracker.step(batch_of(frame("a", time, epoch=1, arrived=60 + time)), detections_of([box(100)]))
        for time in (0.0, 0.04)
    ]
    assert [ids(tracks) for tracks in after] == [[], [2]]


def test_two_objects_that_cross_keep_their_ids(tracker):
    results = run(tracker, [[box(100 + 6 * step, y=300), box(400 - 6 * step, y=320)] for step in range(50)])
    first, last = results[0], results[-1]
    assert sorted(ids(last)) == [1, 2]
    left_then = ids(first)[int(np.argmin(first.boxes[:, 0]))]
    right_now = ids(last)[int(np.argmax(last.boxes[:, 0]))]
    assert left_then == right_now
