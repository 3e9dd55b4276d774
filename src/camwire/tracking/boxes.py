"""Box forms and overlaps, row by row.

``corners`` is x1, y1, x2, y2; ``xyah`` is centre x, centre y, width / height, height. All float64 pixels.
"""

from __future__ import annotations

import numpy as np

from camwire.frames import Float64Array


def xyah_of(corners: Float64Array) -> Float64Array:
    """[N, 4] corners to [N, 4] centre, aspect, height."""
    x1, y1, x2, y2 = corners.T
    height = y2 - y1
    return np.stack(((x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / height, height), axis=1)


def corners_of_xyah(xyah: Float64Array) -> Float64Array:
    """[N, 4] centre, aspect, height to [N, 4] corners."""
    x, y, aspect, height = xyah.T
    half_width, half_height = aspect * height / 2, height / 2
    return np.stack((x - half_width, y - half_height, x + half_width, y + half_height), axis=1)


def iou(a: Float64Array, b: Float64Array) -> Float64Array:
    """Intersection over union of a[i] with b[i]; [P, 4] corners each with positive areas, gives [P]."""
    width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    common = np.maximum(width, 0) * np.maximum(height, 0)
    result: Float64Array = common / (areas(a) + areas(b) - common)
    return result


def areas(corners: Float64Array) -> Float64Array:
    """[N] width times height."""
    result: Float64Array = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    return result
