"""Box forms and overlaps, coordinates first: N boxes are a [4, N] array of float64 pixels.

``corners`` is x1, y1, x2, y2; ``xyah`` is centre x, centre y, width / height, height. That each coordinate
lies together in memory is what makes arithmetic on it fast.
"""

from __future__ import annotations

import numpy as np

from camwire.frames import Float64Array


def xyah_of(corners: Float64Array) -> Float64Array:
    """[4, N] corners to [4, N] centre, aspect, height."""
    xyah = np.empty_like(corners)
    np.add(corners[:2], corners[2:], out=xyah[:2])
    np.subtract(corners[2:], corners[:2], out=xyah[2:])
    xyah[:2] /= 2
    xyah[2] /= xyah[3]
    return xyah


def corners_of_xyah(xyah: Float64Array) -> Float64Array:
    """[4, N] centre, aspect, height to [4, N] corners."""
    half = xyah[2:] / 2
    half[0] *= xyah[3]
    corners = np.empty_like(xyah)
    np.subtract(xyah[:2], half, out=corners[:2])
    np.add(xyah[:2], half, out=corners[2:])
    return corners


def areas(corners: Float64Array) -> Float64Array:
    """[N] width times height."""
    size = corners[2:] - corners[:2]
    result: Float64Array = size[0] * size[1]
    return result


def common_areas(a: Float64Array, b: Float64Array) -> Float64Array:
    """[N] area that a[:, i] and b[:, i] share."""
    size = np.minimum(a[2:], b[2:])
    size -= np.maximum(a[:2], b[:2])
    np.maximum(size, 0, out=size)
    result: Float64Array = size[0] * size[1]
    return result
