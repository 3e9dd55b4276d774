"""Lines through OpenCV, to an eighth of a pixel so that they don't tremble, unsmoothed because that is fast.

With whole pixels OpenCV would draw lines that leave the picture at another slope.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from camwire.devices.cpu.palette import Colour
from camwire.frames import Int32Array, UInt8Array

BITS = 3
ONE = 1 << BITS
"""Parts of a pixel."""
FARTHEST = 1e5
"""Pixels; points beyond would overflow OpenCV's coordinates."""


def eighths(pixels: NDArray[Any]) -> Int32Array:
    """Places in eighths of a pixel, (0, 0) the first pixel's centre; NaN is 0."""
    places: Int32Array = np.rint(np.nan_to_num(pixels).clip(-FARTHEST, FARTHEST) * ONE).astype(np.int32)
    return places


def draw_lines(
    picture: UInt8Array, lines: Sequence[Int32Array], colour: Colour, width: int, *, closed: bool = False
) -> None:
    """Each of ``lines`` [points, 2] of :func:`eighths`, from point to point."""
    cv2.polylines(picture, lines, closed, colour, width, cv2.LINE_8, BITS)
