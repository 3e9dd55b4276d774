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
    """Rows i < j of one group with an IoU above ``threshold``; ``groups`` is ascending."""
    count = len(boxes)
    rows = np.arange(count)
    followers = np.searchsorted(groups, groups, side="right") - rows - 1
    ends = np.cumsum(followers)
    x1, y1, x2, y2 = np.ascontiguousarray(boxes.T)
    areas = (x2 - x1) * (y2 - y1)
    found: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    start = 0
    while start < count:
        before = ends[start] - followers[start]
        stop = max(start + 1, int(np.searchsorted(ends, before + _PAIRS_AT_ONCE, side="right")))
        mine = followers[start:stop]
        first = np.repeat(rows[start:stop], mine)
        second = np.arange(len(first)) + np.repeat(
            rows[start:stop] + 1 - (ends[start:stop] - mine - before), mine
        )
        width = np.minimum(x2[first], x2[second]) - np.maximum(x1[first], x1[second])
        height = np.minimum(y2[first], y2[second]) - np.maximum(y1[first], y1[second])
        shared = np.maximum(width, np.float32(0)) * np.maximum(height, np.float32(0))
        union = areas[first] + areas[second] - shared
        iou = np.divide(shared, union, out=np.zeros_like(shared), where=union != 0)
        hits = iou > threshold
        found.append((first[hits], second[hits]))
        start = stop
    return (
        np.concatenate([pair[0] for pair in found]) if found else rows,
        np.concatenate([pair[1] for pair in found]) if found else rows,
    )
