"""Masks against a reading pixel by pixel."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camwire.frames import Size
from camwire.models.masks import SIDE, RawMasks, rasters

INPUT = Size(96, 64)


def reference(weights: np.ndarray, prototypes: np.ndarray, box: np.ndarray, row: int, column: int) -> float:
    """One cell's value, 0 to 255, in float64: bilinear interpolation of the weighted sum, then a sigmoid."""
    x1, y1, x2, y2 = (float(side) for side in box)
    x = (x1 + (x2 - x1) * (column + 0.5) / SIDE) / 4 - 0.5
    y = (y1 + (y2 - y1) * (row + 0.5) / SIDE) / 4 - 0.5
    _, height, width = prototypes.shape
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    left, top = min(int(x), width - 2), min(int(y), height - 2)
    value = 0.0
    for i, across in ((left, left + 1 - x), (left + 1, x - left)):
        for j, down in ((top, top + 1 - y), (top + 1, y - top)):
            value += across * down * float(weights.astype(float) @ prototypes[:, j, i].astype(float))
    return 255 / (1 + math.exp(-value))


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_each_cell_is_the_sigmoid_of_the_interpolated_sum(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    prototypes = rng.normal(0, 1, (2, 8, 16, 24)).astype(np.float32)
    weights = rng.normal(0, 1, (count, 8)).astype(np.float32)
    corners = rng.random((count, 2)) * (70, 40)
    boxes = np.concatenate((corners, corners + rng.random((count, 2)) * 26 + 0.1), axis=1).astype(np.float32)
    frames = np.sort(rng.integers(0, 2, count)).astype(np.int32)
    made = rasters(RawMasks(weights, prototypes), frames, boxes, INPUT)
    assert made.shape == (count, SIDE, SIDE)
    assert made.dtype == np.uint8
    for index in range(count):
        for row, column in rng.integers(0, SIDE, (12, 2)).tolist():
            expected = reference(weights[index], prototypes[frames[index]], boxes[index], row, column)
            assert abs(int(made[index, row, column]) - expected) <= 1.01


def test_the_edge_of_an_object_is_where_the_sum_changes_its_sign() -> None:
    prototypes = np.tile(np.where(np.arange(24) < 12, 9.0, -9.0), (1, 1, 16, 1)).astype(np.float32)
    whole = np.array([[0, 0, 96, 64]], np.float32)
    (mask,) = rasters(RawMasks(np.ones((1, 1), np.float32), prototypes), np.zeros(1, np.int32), whole, INPUT)
    assert (mask[:, : SIDE // 2] >= 128).all()
    assert (mask[:, SIDE // 2 :] < 128).all()


def test_no_boxes_are_no_masks() -> None:
    none = RawMasks(np.empty((0, 8), np.float32), np.zeros((1, 8, 16, 24), np.float32))
    assert rasters(none, np.empty(0, np.int32), np.empty((0, 4), np.float32), INPUT).shape == (0, SIDE, SIDE)
