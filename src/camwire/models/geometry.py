"""Forms of boxes. All are float32, in pixels."""

from __future__ import annotations

import numpy as np

from camwire.frames import Float32Array, Size


def corners_of(boxes: Float32Array) -> Float32Array:
    """[M, 4] centre x, y, width, height to x1, y1, x2, y2."""
    half = boxes[:, 2:] / np.float32(2)
    return np.concatenate((boxes[:, :2] - half, boxes[:, :2] + half), axis=1)


def clipped(boxes: Float32Array, size: Size) -> Float32Array:
    """[M, 4] x1, y1, x2, y2 inside an input of ``size``."""
    return np.clip(boxes, np.float32(0), np.array(size * 2, np.float32))


def oriented_corners(boxes: Float32Array) -> Float32Array:
    """[M, 5] centre x, y, width, height, angle (radians, from x towards y) to corners [M, 4, 2].

    In order around the box, beginning at the one that is the top left where the angle is 0.
    """
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    along = np.stack((cos, sin), axis=1) * boxes[:, 2:3] / np.float32(2)
    across = np.stack((-sin, cos), axis=1) * boxes[:, 3:4] / np.float32(2)
    centre = boxes[:, :2]
    return np.stack(
        (
            centre - along - across,
            centre + along - across,
            centre + along + across,
            centre - along + across,
        ),
        axis=1,
    )


def enclosing(corners: Float32Array) -> Float32Array:
    """The upright boxes [M, 4] around points [M, K, 2], K ≥ 1."""
    return np.concatenate((corners.min(axis=1), corners.max(axis=1)), axis=1)
