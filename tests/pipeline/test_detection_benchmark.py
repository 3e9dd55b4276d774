"""The detection benchmark's own arithmetic: matching and average precision."""

import numpy as np
import pytest
from benchmarks.detection import average_precision, matched


def test_average_precision_is_the_area_under_the_monotonic_curve() -> None:
    # Hits 1 0 1 0 0 1 of 4 truths: recall 1/4, 2/4, 3/4 at precisions 1, 2/3, 3/6; the fourth is never found.
    right = np.array([True, False, True, False, False, True])
    scores = np.linspace(0.9, 0.1, 6)
    assert average_precision(scores, right, 4) == pytest.approx((1 + 2 / 3 + 1 / 2) / 4)
    # The order in which rows come doesn't matter, only their scores.
    shuffled = np.array([3, 0, 5, 1, 4, 2])
    assert average_precision(scores[shuffled], right[shuffled], 4) == pytest.approx((1 + 2 / 3 + 1 / 2) / 4)


def test_a_later_better_precision_lifts_the_earlier_points() -> None:
    assert average_precision(np.array([0.9, 0.8, 0.7]), np.array([False, True, True]), 2) == pytest.approx(
        2 / 3
    )


def test_perfect_and_hopeless() -> None:
    assert average_precision(np.array([0.9, 0.8]), np.array([True, True]), 2) == 1
    assert average_precision(np.array([0.9]), np.array([False]), 2) == 0
    assert average_precision(np.empty(0), np.empty(0, np.bool_), 2) == 0


def test_a_true_box_is_found_once_by_the_best() -> None:
    truth = np.array([[0.0, 0, 10, 10], [100, 100, 110, 110]])
    boxes = np.array([[0.0, 0, 10, 9], [0, 0, 10, 10], [100, 100, 104, 110], [50, 50, 60, 60]])
    assert matched(boxes, truth).tolist() == [True, False, False, False]
    assert matched(boxes, np.empty((0, 4))).tolist() == [False] * 4
    assert matched(np.empty((0, 4)), truth).tolist() == []
