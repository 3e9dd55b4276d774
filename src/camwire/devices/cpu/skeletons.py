"""Keypoints, joined to skeletons where it is known which belong together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np

from camwire.devices.cpu.palette import INK, Colour, Style, colour_of
from camwire.frames import Float32Array, UInt8Array

LEAST_SURE = 0.5
"""Keypoints that the model is less sure of aren't drawn."""
FARTHEST = 1e5
"""Pixels; points beyond would overflow OpenCV's coordinates."""

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
    sure = (keypoints[..., 2] >= LEAST_SURE) & np.isfinite(keypoints).all(axis=2)
    # OpenCV's coordinates are of pixel centres, ours of their corners.
    places = np.nan_to_num(keypoints[..., :2] - np.float32(0.5)).clip(-FARTHEST, FARTHEST)
    points = np.rint(places).astype(np.int32)
    limbs: defaultdict[Colour, list[np.ndarray[tuple[int, ...], np.dtype[np.int32]]]] = defaultdict(list)
    dots: defaultdict[Colour, list[np.ndarray[tuple[int, ...], np.dtype[np.int32]]]] = defaultdict(list)
    for row, class_index in enumerate(classes):
        colour = colour_of(class_index)
        for first, second in LIMBS.get(keypoints.shape[1], ()):
            if sure[row, first] and sure[row, second]:
                limbs[colour].append(points[row, [first, second]])
        dots[colour] += [points[row, [point, point]] for point in np.flatnonzero(sure[row])]
    _draw(picture, {INK: [line for lines in limbs.values() for line in lines]}, style.line + 2)
    _draw(picture, limbs, style.line)
    _draw(picture, {INK: [dot for some in dots.values() for dot in some]}, 2 * style.line + 3)
    _draw(picture, dots, 2 * style.line + 1)


def _draw(
    picture: UInt8Array,
    lines: dict[Colour, list[np.ndarray[tuple[int, ...], np.dtype[np.int32]]]],
    width: int,
) -> None:
    """A line from a point to itself is a dot."""
    for colour, pairs in lines.items():
        cv2.polylines(picture, pairs, False, colour, width, cv2.LINE_8)
