"""Keypoints, joined to skeletons where it is known which belong together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from camwire.devices.cpu.lines import draw_lines, eighths
from camwire.devices.cpu.palette import INK, Style, colour_of
from camwire.frames import BoolArray, Float32Array, Int32Array, UInt8Array

LEAST_SURE = 0.5
"""Keypoints that the model is less sure of aren't drawn."""

LIMBS: dict[int, tuple[tuple[int, int], ...]] = {
    17: (
        (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
        (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
        (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
    )
}  # fmt: skip
"""By number of keypoints. 17 are COCO's: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles,
left before right."""


def draw_skeletons(
    picture: UInt8Array, keypoints: Float32Array, classes: Sequence[int], style: Style
) -> None:
    """``keypoints`` [N, K, 3] as in Tracks; those that are NaN or not sure enough are left out."""
    sure: BoolArray = (keypoints[..., 2] >= LEAST_SURE) & np.isfinite(keypoints).all(axis=2)
    # OpenCV's coordinates are of pixel centres, ours of their corners.
    points = eighths(keypoints[..., :2] - np.float32(0.5))
    ends = np.array(LIMBS.get(keypoints.shape[1], ()), np.intp).reshape(-1, 2)
    limbs = points[:, ends]
    whole: BoolArray = np.logical_and.reduce(sure[:, ends], axis=2)
    dots = np.stack((points, points), axis=2)
    _draw(picture, limbs, whole, classes, style.line)
    _draw(picture, dots, sure, classes, 2 * style.line + 1)


def _draw(
    picture: UInt8Array, lines: Int32Array, shown: BoolArray, classes: Sequence[int], width: int
) -> None:
    """Lines [N, L, 2, 2] where ``shown`` [N, L], in the classes' colours with a dark edge.

    A line from a point to itself is a dot.
    """
    draw_lines(picture, list(lines[shown]), INK, width + 2)
    for class_index in sorted(set(classes)):
        own = shown & (np.array(classes) == class_index)[:, None]
        draw_lines(picture, list(lines[own]), colour_of(class_index), width)
