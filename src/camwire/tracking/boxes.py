"""Box forms and overlaps, coordinates first: N boxes are a [4, N] array of float64 pixels.

``corners`` is x1, y1, x2, y2; ``xywh`` is centre x, centre y, width, height; ``xyah`` has width / height in
place of the width. That each coordinate
lies together in memory is what makes arithmetic on it fast.
"""

from __future__ import annotations

import numpy as np

from camwire.frames import Float64Array


def xywh_of(corners: Float64Array) -> Float64Array:
    """[4, N] corners to [4, N] centre, width, height."""
    xywh = np.empty_like(corners)
    np.add(corners[:2], corners[2:], out=xywh[:2])
    np.subtract(corners[2:], corners[:2], out=xywh[2:])
    xywh[:2] /= 2
    return xywh


def xyah_of(corners: Float64Array) -> Float64Array:
    """[4, N] corners to [4, N] centre, aspect, height."""
    xyah = xywh_of(corners)
    xyah[2] /= xyah[3]
    return xyah


def corners_of_xywh(xywh: Float64Array) -> Float64Array:
    """[4, N] centre, width, height to [4, N] corners."""
    half = xywh[2:] / 2
    return np.concatenate((xywh[:2] - half, xywh[:2] + half))


def corners_of_xyah(xyah: Float64Array) -> Float64Array:
    """[4, N] centre, aspect, height to [4, N] corners."""
    half = xyah[2:] / 2
    half[0] *= xyah[3]
    return np.concatenate((xyah[:2] - half, xyah[:2] + half))


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
