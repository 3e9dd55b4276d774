"""Pairs of overlapping boxes are exactly those that a plain loop finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.tracking.association import Matching, Pairs, overlapping

BOX = st.tuples(
    st.integers(-30, 30) | st.sampled_from([-(10**8), 10**8]),
    st.integers(0, 30),
    st.integers(1, 20) | st.just(10**7),
    st.integers(1, 20),
    st.integers(0, 2),
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3], b[4]))


def _sorted(boxes):
    table = np.array(sorted(boxes, key=lambda box: box[4]), np.float64).reshape(-1, 5)
    return table[:, :4].T.copy(), table[:, 4].astype(np.intp)


def _iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (both - width * height)


@given(st.lists(BOX, max_size=8), st.lists(BOX, max_size=8), st.sampled_from([0.0, 0.3]))
def test_overlapping_finds_what_a_loop_finds(ours, theirs, least):
    boxes, frames = _sorted(ours)
    others, other_frames = _sorted(theirs)
    expected = [
        (i, j, pytest.approx(_iou(boxes[:, i], others[:, j])))
        for i in range(len(frames))
        for j in range(len(other_frames))
        if frames[i] == other_frames[j] and _iou(boxes[:, i], others[:, j]) > least
    ]
    pairs = overlapping(boxes, frames, others, other_frames, least)
    found = zip(pairs.track.tolist(), pairs.detection.tolist(), pairs.iou.tolist(), strict=True)
    assert sorted(found) == expected
    assert pairs.track.tolist() == sorted(pairs.track.tolist())


def test_what_is_matched_stays_out_of_later_stages():
    pairs = Pairs(np.array([0, 1]), np.array([0, 0]), np.array([0.5, 0.9]))
    matching = Matching(np.zeros(2, np.intp), 1)
    matching.match(pairs, np.array([True, False]), pairs.iou, 0.0)
    matching.match(pairs, np.array([True, True]), pairs.iou, 0.0)
    assert matching.detection_of.tolist() == [0, -1]
    assert matching.track_free.tolist() == [False, True]
    assert matching.detection_free.tolist() == [False]
    assert [part.tolist() for part in matching.matched] == [[0], [0]]


def test_a_score_at_the_threshold_does_not_match():
    pairs = Pairs(np.array([0]), np.array([0]), np.array([0.5]))
    matching = Matching(np.zeros(1, np.intp), 1)
    matching.match(pairs, np.ones(1, bool), pairs.iou, 0.5)
    assert matching.detection_of.tolist() == [-1]
