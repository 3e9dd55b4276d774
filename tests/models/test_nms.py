"""Non-maximum suppression against the rule, box by box."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from camwire.models import nms
from camwire.models.nms import suppress


def reference(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], groups: NDArray[np.int64], limit: float
) -> list[int]:
    """DeepStream's rule as it is stated, in scalars of float32."""
    limit32 = np.float32(limit)
    kept: list[int] = []
    for group in sorted(set(groups.tolist())):
        rows = [row for row in range(len(boxes)) if groups[row] == group]
        rows.sort(key=lambda row: -scores[row])
        mine: list[int] = []
        for row in rows:
            if all(iou(boxes[row], boxes[other]) <= limit32 for other in mine):
                mine.append(row)
        kept += mine
    return kept


def iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> np.float32:
    width = max(np.float32(0), min(a[2], b[2]) - max(a[0], b[0]))
    height = max(np.float32(0), min(a[3], b[3]) - max(a[1], b[1]))
    shared = np.float32(width * height)
    union = np.float32((a[2] - a[0]) * (a[3] - a[1])) + np.float32((b[2] - b[0]) * (b[3] - b[1])) - shared
    return np.float32(0) if union == 0 else np.float32(shared / union)


@st.composite
def candidates(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Boxes on a coarse raster and scores in few steps: many overlap, touch, coincide, tie, have no area."""
    count = draw(st.integers(0, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    raster = draw(st.sampled_from([0.5, 1.0, 3.3]))
    corners = rng.integers(0, 12, (count, 2)) * raster
    boxes = np.concatenate((corners, corners + rng.integers(0, 8, (count, 2)) * raster), axis=1)
    scores = rng.integers(0, draw(st.integers(1, 30)), count) / 30
    groups = rng.integers(0, draw(st.integers(1, 4)), count)
    return boxes.astype(np.float32), scores.astype(np.float32), groups


@given(candidates(), st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.7, 1.0]))
def test_keeps_what_the_rule_keeps(
    rows: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]], limit: float
) -> None:
    assert suppress(*rows, limit).tolist() == reference(*rows, limit)


def test_is_the_same_when_the_pairs_are_compared_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 50, (300, 2))
    boxes = np.concatenate((corners, corners + rng.uniform(1, 40, (300, 2))), axis=1).astype(np.float32)
    scores, groups = rng.random(300).astype(np.float32), rng.integers(0, 3, 300)
    whole = suppress(boxes, scores, groups, 0.5).tolist()
    monkeypatch.setattr(nms, "_PAIRS_AT_ONCE", 97)
    assert suppress(boxes, scores, groups, 0.5).tolist() == whole
    assert whole == reference(boxes, scores, groups, 0.5)


def test_a_box_exactly_at_the_limit_stays_and_one_above_goes() -> None:
    boxes = np.array([[0, 0, 2, 1], [1, 0, 3, 1]], np.float32)
    scores, groups = np.array([0.9, 0.8], np.float32), np.zeros(2, np.int64)
    third = float(np.float32(1) / np.float32(3))
    assert suppress(boxes, scores, groups, third).tolist() == [0, 1]
    assert suppress(boxes, scores, groups, third - 1e-6).tolist() == [0]


def test_a_box_is_not_thinned_out_by_one_that_was_itself_thinned_out() -> None:
    chain = np.array([[shift, 0, shift + 10, 10] for shift in (0, 3, 6, 9)], np.float32)
    scores = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    assert suppress(chain, scores, np.zeros(4, np.int64), 0.5).tolist() == [0, 2]


def test_nothing_gives_nothing() -> None:
    empty = np.empty(0, np.float32)
    assert not len(suppress(np.empty((0, 4), np.float32), empty, np.empty(0, np.int64), 0.5))


# --- oriented boxes ----------------------------------------------------------------------------


def gaussian_overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """1 less the Hellinger distance, from the integral of the root of two normal densities, by matrices."""

    def moments(box: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x, y, width, height, angle = (float(value) for value in box)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return np.array([x, y]), turn @ np.diag([width**2 / 12, height**2 / 12]) @ turn.T

    (ma, sa), (mb, sb) = moments(a), moments(b)
    mean = (sa + sb) / 2
    coefficient = (np.linalg.det(sa) * np.linalg.det(sb)) ** 0.25 / np.linalg.det(mean) ** 0.5
    coefficient *= np.exp(-(ma - mb) @ np.linalg.inv(mean) @ (ma - mb) / 8)
    return float(1 - np.sqrt(max(0.0, 1 - coefficient)))


@given(st.integers(0, 2**32 - 1))
def test_oriented_boxes_are_compared_as_gaussians(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = np.column_stack(
        (rng.uniform(0, 50, (20, 2)), rng.uniform(2, 60, (20, 2)), rng.uniform(-4, 4, 20))
    ).astype(np.float32)
    expected = [gaussian_overlap(a, b) for a, b in zip(boxes[:10], boxes[10:], strict=True)]
    np.testing.assert_allclose(nms.probabilistic_iou(boxes[:10], boxes[10:]), expected, atol=1e-5)


def test_crossed_boxes_both_stay_and_parallel_ones_do_not() -> None:
    upright = np.array([[0, 0, 100, 100]] * 3, np.float32)
    scores, groups = np.array([0.9, 0.8, 0.7], np.float32), np.zeros(3, np.int64)
    oriented = np.array(
        [[50, 50, 120, 10, 0.7], [50, 50, 120, 10, 0.75], [50, 50, 120, 10, -0.7]], np.float32
    )
    assert suppress(upright, scores, groups, 0.5).tolist() == [0]
    assert suppress(upright, scores, groups, 0.5, oriented).tolist() == [0, 2]


def test_limits_may_differ_between_groups() -> None:
    boxes = np.array([[0, 0, 10, 10], [4, 0, 14, 10]] * 2, np.float32)
    scores, groups = np.array([0.9, 0.8] * 2, np.float32), np.array([0, 0, 1, 1])
    limits = np.array([0.3, 0.3, 0.5, 0.5], np.float32)
    assert suppress(boxes, scores, groups, limits).tolist() == [0, 2, 3]
