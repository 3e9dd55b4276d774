"""From a stream's YUV to what a network or JPEG wants, as one 3×4 matrix.

Definitions: ITU-R BT.601, BT.709 and BT.2020 for the streams; ITU-T T.871 (JFIF) for JPEG, which is BT.601
in full range.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from av.video.reformatter import Colorspace

from camwire.frames import Float32Array, Float64Array

BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
"""Kr and Kb."""
_KR_KB: dict[int, tuple[float, float]] = {Colorspace.ITU709: BT709, Colorspace.BT2020: BT2020}


def coefficients(colourspace: int) -> tuple[float, float]:
    """Kr and Kb of what a picture declares; BT.601 for one that declares nothing, as FFmpeg does."""
    return _KR_KB.get(colourspace, BT601)


@lru_cache(maxsize=64)
def to_rgb(kr_kb: tuple[float, float], full: bool, channels: str) -> Float32Array:
    """[3, 4]: 8-bit levels of Y, U, V and 1 to 8-bit levels of R, G, B, or B, G, R for ``channels`` `BGR`."""
    matrix = _rgb_of(kr_kb, full)
    return _fixed(matrix if channels == "RGB" else matrix[::-1])


@lru_cache(maxsize=64)
def to_jpeg(kr_kb: tuple[float, float], full: bool) -> Float32Array:
    """[3, 4]: 8-bit levels of Y, U, V and 1 to 8-bit levels of JPEG's Y, Cb, Cr."""
    matrix = JPEG_OF_RGB[:, :3] @ _rgb_of(kr_kb, full)
    matrix[:, 3] += JPEG_OF_RGB[:, 3]
    return _fixed(matrix)


def _rgb_of(kr_kb: tuple[float, float], full: bool) -> Float64Array:
    kr, kb = kr_kb
    kg = 1 - kr - kb
    rows = np.array(
        [
            [1, 0, 2 * (1 - kr)],
            [1, -2 * kb * (1 - kb) / kg, -2 * kr * (1 - kr) / kg],
            [1, 2 * (1 - kb), 0],
        ]
    )
    gain = np.ones(3) if full else np.array([255 / 219, 255 / 224, 255 / 224])
    zero = np.array([0 if full else 16, 128, 128])
    return np.column_stack((rows * gain, -(rows * gain) @ zero))


def _jpeg_of_rgb() -> Float64Array:
    kr, kb = BT601
    luma = np.array([kr, 1 - kr - kb, kb])
    blue = (np.array([0, 0, 1]) - luma) / (2 * (1 - kb))
    red = (np.array([1, 0, 0]) - luma) / (2 * (1 - kr))
    return np.column_stack((np.stack((luma, blue, red)), (0, 128, 128)))


JPEG_OF_RGB: Float64Array = _jpeg_of_rgb()
"""[3, 4]: 8-bit R, G, B and 1 to JPEG's Y, Cb, Cr."""


def _fixed(matrix: Float64Array) -> Float32Array:
    result = np.ascontiguousarray(matrix, np.float32)
    result.flags.writeable = False
    return result
