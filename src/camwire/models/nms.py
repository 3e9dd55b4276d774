"""Non-maximum suppression by DeepStream's rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Float32Array

_PAIRS_AT_ONCE = 1 << 18
"""Bounds the memory: pairs of boxes that are compared in one go."""

IntArray = NDArray[np.integer[Any]]


def suppress(
    boxes: Float32Array, scores: Float32Array, groups: IntArray, iou_threshold: float
) -> NDArray[np.intp]:
    """The rows that stay, ordered by group, then by score downwards, then by row.

    ``boxes`` [M, 4] x1, y1, x2, y2; ``scores`` [M]; ``groups`` [M], boxes of different groups (a class in a
    frame) leave each other alone. In a group, in the order of the scores (stable: of equal ones the earlier
    row first), a box stays when its IoU with every box that stayed before it is at most ``iou_threshold``.
    All in float32; the IoU is intersection / (A + B - intersection), 0 where that union is 0. (NVIDIA
    DeepStream, nvinfer's clustering mode 2.)

    All groups are worked on at once: pairs of the same group that overlap too much become edges from the
    stronger box to the weaker; "stays when no stronger neighbour stays" is then applied to all boxes together
    until nothing changes. That settles box after box from the strongest down, so it ends with the one answer
    of the box-by-box rule, in as many rounds as the longest chain of boxes that decide on each other.
    """
    order = np.lexsort((-scores, groups))
    strong, weak = _overlapping_pairs(boxes[order], groups[order], np.float32(iou_threshold))
    stays = np.ones(len(order), np.bool_)
    while True:
        settled = np.ones(len(order), np.bool_)
        settled[weak[stays[strong]]] = False
        if np.array_equal(settled, stays):
            return order[stays]
        stays = settled


def _overlapping_pairs(
    boxes: Float32Array, groups: IntArray, threshold: np.float32
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows i < j of one group with an IoU above ``threshold``; ``groups`` is ascending.

    Only boxes that overlap in x are compared: after sorting by the left side they are neighbours.
    """
    across, reach = _sorted_by_left_side(boxes, groups)
    x1, y1, x2, y2 = np.ascontiguousarray(boxes[across].T)
    areas = (x2 - x1) * (y2 - y1)
    ends = np.cumsum(reach)
    found = [(across[:0], across[:0])]
    start = 0
    while start < len(boxes):
        before = ends[start] - reach[start]
        stop = max(start + 1, int(np.searchsorted(ends, before + _PAIRS_AT_ONCE, side="right")))
        rows, counts = np.arange(start, stop), reach[start:stop]
        a = np.repeat(rows, counts)
        b = np.arange(len(a)) + np.repeat(rows + 1 - (ends[start:stop] - counts - before), counts)
        width = np.minimum(x2[a], x2[b]) - np.maximum(x1[a], x1[b])
        height = np.minimum(y2[a], y2[b]) - np.maximum(y1[a], y1[b])
        shared = np.maximum(width, np.float32(0)) * np.maximum(height, np.float32(0))
        union = areas[a] + areas[b] - shared
        hits = np.divide(shared, union, out=np.zeros_like(shared), where=union != 0) > threshold
        pair = across[a[hits]], across[b[hits]]
        found.append((np.minimum(*pair), np.maximum(*pair)))
        start = stop
    return np.concatenate([strong for strong, _ in found]), np.concatenate([weak for _, weak in found])


def _sorted_by_left_side(boxes: Float32Array, groups: IntArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows by group and x1, and how many rows after each, of its group, begin left of its right side."""
    if not len(boxes):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    left, right = boxes[:, 0].astype(np.float64), boxes[:, 2].astype(np.float64)
    # All groups on one line, so far apart that none reaches the next; a pixel more keeps rounding out of it.
    ordinal = np.cumsum(np.diff(groups, prepend=groups[0]) != 0)
    line = ordinal * (max(left.max(), right.max()) - left.min() + 2)
    across = np.argsort(line + left, kind="stable")
    ends = np.searchsorted((line + left)[across], (line + right)[across] + 1)
    return across, np.maximum(ends - np.arange(len(boxes)) - 1, 0)
