"""Non-maximum suppression by DeepStream's rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Float32Array, Float64Array

_PAIRS_AT_ONCE = 1 << 18
"""Bounds the memory: pairs of boxes that are compared in one go."""

_TINY = 1e-12
"""px⁴; keeps boxes without area from dividing by 0."""

IntArray = NDArray[np.integer[Any]]


def suppress(
    boxes: Float32Array,
    scores: Float32Array,
    groups: IntArray,
    iou_threshold: float | Float32Array,
    oriented: Float32Array | None = None,
) -> NDArray[np.intp]:
    """The rows that stay, ordered by group, then by score downwards, then by row.

    ``boxes`` [M, 4] x1, y1, x2, y2; ``scores`` [M]; ``groups`` [M], boxes of different groups (a class in a
    frame) leave each other alone. In a group, in the order of the scores (stable: of equal ones the earlier
    row first), a box stays when its IoU with every box that stayed before it is at most ``iou_threshold``,
    one number or [M] one a row, the same within a group. All in float32; the IoU is intersection /
    (A + B - intersection), 0 where that union is 0. (NVIDIA DeepStream, nvinfer's clustering mode 2.)

    With ``oriented`` [M, 5] (centre x, y, width, height, angle), ``boxes`` are the upright rectangles around
    them, and the IoU is the probabilistic one, 0 where those rectangles don't meet.

    All groups are worked on at once: pairs of the same group that overlap too much become edges from the
    stronger box to the weaker; "stays when no stronger neighbour stays" is then applied to all boxes together
    until nothing changes. That settles box after box from the strongest down, so it ends with the one answer
    of the box-by-box rule, in as many rounds as the longest chain of boxes that decide on each other.
    """
    order = np.lexsort((-scores, groups))
    limits = np.full(len(boxes), iou_threshold, np.float32)
    strong, weak = _overlapping_pairs(
        boxes[order], groups[order], limits[order], None if oriented is None else oriented[order]
    )
    stays = np.ones(len(order), np.bool_)
    while True:
        settled = np.ones(len(order), np.bool_)
        settled[weak[stays[strong]]] = False
        if np.array_equal(settled, stays):
            return order[stays]
        stays = settled


def _overlapping_pairs(
    boxes: Float32Array, groups: IntArray, limits: Float32Array, oriented: Float32Array | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows i < j of one group with an IoU above that group's limit; ``groups`` is ascending.

    Only boxes that overlap in x are compared: after sorting by the left side they are neighbours.
    """
    across, reach = _sorted_by_left_side(boxes, groups)
    ends = np.cumsum(reach)
    found = [(across[:0], across[:0])]
    start = 0
    while start < len(boxes):
        before = ends[start] - reach[start]
        stop = max(start + 1, int(np.searchsorted(ends, before + _PAIRS_AT_ONCE, side="right")))
        rows, counts = np.arange(start, stop), reach[start:stop]
        a = np.repeat(rows, counts)
        b = np.arange(len(a)) + np.repeat(rows + 1 - (ends[start:stop] - counts - before), counts)
        first, second = across[a], across[b]
        overlap = iou(boxes[first], boxes[second])
        if oriented is not None:
            overlap = np.where(overlap > 0, probabilistic_iou(oriented[first], oriented[second]), overlap)
        hits = overlap > limits[first]
        pair = first[hits], second[hits]
        found.append((np.minimum(*pair), np.maximum(*pair)))
        start = stop
    return np.concatenate([strong for strong, _ in found]), np.concatenate([weak for _, weak in found])


def iou(a: Float32Array, b: Float32Array) -> Float32Array:
    """[P] of boxes [P, 4], pair by pair."""
    ax1, ay1, ax2, ay2 = np.ascontiguousarray(a.T)
    bx1, by1, bx2, by2 = np.ascontiguousarray(b.T)
    width = np.minimum(ax2, bx2) - np.maximum(ax1, bx1)
    height = np.minimum(ay2, by2) - np.maximum(ay1, by1)
    shared = np.maximum(width, np.float32(0)) * np.maximum(height, np.float32(0))
    union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared
    result: Float32Array = np.divide(shared, union, out=np.zeros_like(shared), where=union != 0)
    return result


def probabilistic_iou(a: Float32Array, b: Float32Array) -> Float32Array:
    """[P] of oriented boxes [P, 5], pair by pair: 1 less the Hellinger distance of two Gaussians.

    A box stands for the Gaussian with its centre and the covariance of a uniform distribution over it
    (Llerena et al., "Gaussian Bounding Boxes and Probabilistic Intersection-over-Union for Object Detection",
    2021, arXiv:2106.06072). Computed in float64.
    """
    (ax, ay, axx, ayy, axy), (bx, by, bxx, byy, bxy) = _gaussian(a), _gaussian(b)
    xx, yy, xy = axx + bxx, ayy + byy, axy + bxy
    determinant = np.maximum(xx * yy - xy**2, _TINY)
    own = np.maximum(axx * ayy - axy**2, _TINY) * np.maximum(bxx * byy - bxy**2, _TINY)
    dx, dy = ax - bx, ay - by
    distance = (yy * dx**2 + xx * dy**2 - 2 * xy * dx * dy) / (4 * determinant)
    distance += 0.5 * np.log(determinant / (4 * np.sqrt(own)))
    hellinger = np.sqrt(1 - np.exp(-np.maximum(distance, 0)))
    similarity: Float32Array = (1 - hellinger).astype(np.float32)
    return similarity


def _gaussian(boxes: Float32Array) -> tuple[Float64Array, ...]:
    """Centre x, y and the covariance's xx, yy, xy, each [P]."""
    x, y, width, height, angle = boxes.T.astype(np.float64)
    along, across = width**2 / 12, height**2 / 12
    cos, sin = np.cos(angle), np.sin(angle)
    return (
        x,
        y,
        along * cos**2 + across * sin**2,
        along * sin**2 + across * cos**2,
        (along - across) * cos * sin,
    )


def _sorted_by_left_side(boxes: Float32Array, groups: IntArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows by group and x1, and how many rows after each, of its group, begin left of its right side."""
    if not len(boxes):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    left, right = boxes[:, 0].astype(np.float64), boxes[:, 2].astype(np.float64)
    # All groups on one line, so far apart that none reaches the next; a pixel more keeps rounding out of it.
    ordinal = np.zeros(len(groups), np.intp)
    np.cumsum(groups[1:] != groups[:-1], out=ordinal[1:])
    line = ordinal * (max(left.max(), right.max()) - left.min() + 2)
    across = np.argsort(line + left, kind="stable")
    ends = np.searchsorted((line + left)[across], (line + right)[across] + 1)
    return across, np.maximum(ends - np.arange(len(boxes)) - 1, 0)
