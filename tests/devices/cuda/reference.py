"""What the kernels compute, in float64 and the plainest numpy, and NV12 surfaces to feed them with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from camwire.devices.cuda.surfaces import Surface
from camwire.frames import Size


class Nv12(NamedTuple):
    """Luma [h, w] and chroma [ceil(h/2), ceil(w/2), 2], uint8, or uint16 with the value in the upper bits."""

    luma: np.ndarray
    chroma: np.ndarray

    @property
    def size(self) -> Size:
        return Size(self.luma.shape[1], self.luma.shape[0])

    @property
    def wide(self) -> bool:
        return self.luma.dtype == np.uint16


def random_nv12(rng: np.random.Generator, size: Size, wide: bool = False) -> Nv12:
    half = (size.height + 1) // 2, (size.width + 1) // 2, 2
    if wide:
        levels = rng.integers(0, 1024, (size.height, size.width)), rng.integers(0, 1024, half)
        return Nv12(*((plane << 6).astype(np.uint16) for plane in levels))
    return Nv12(
        rng.integers(0, 256, (size.height, size.width), np.uint8), rng.integers(0, 256, half, np.uint8)
    )


def put(runner, picture: Nv12, kr_kb=(0.299, 0.114), full=False, padding: int = 24) -> tuple[Surface, list]:
    """The picture in the runner's memory, its rows padded with rubbish; also what must be kept alive."""
    rng = np.random.default_rng(1)
    planes = []
    for plane in (picture.luma, picture.chroma.reshape(len(picture.chroma), -1)):
        rows = rng.integers(0, 255, (len(plane), plane.shape[1] * plane.itemsize + padding), np.uint8)
        rows[:, : plane.shape[1] * plane.itemsize] = np.ascontiguousarray(plane).view(np.uint8)
        planes.append((runner.put(rows), rows.shape[1]))
    (luma, luma_pitch), (chroma, chroma_pitch) = planes
    described = Surface(
        int(luma.address),
        int(chroma.address),
        luma_pitch,
        chroma_pitch,
        picture.size,
        picture.wide,
        kr_kb,
        full,
    )
    return described, [luma, chroma]


def scaled(plane: np.ndarray, size: Size) -> np.ndarray:
    """Bilinear, pixel centres at half integers, edges continued; 16-bit samples become 8-bit levels."""
    levels = plane.astype(np.float64) / (256 if plane.dtype == np.uint16 else 1)
    for axis, target in ((0, size.height), (1, size.width)):
        source = levels.shape[axis]
        position = (np.arange(target) + 0.5) * source / target - 0.5
        low = np.floor(position).astype(int)
        part = (position - low).reshape([-1 if a == axis else 1 for a in range(levels.ndim)])
        a = np.take(levels, np.clip(low, 0, source - 1), axis)
        b = np.take(levels, np.clip(low + 1, 0, source - 1), axis)
        levels = a * (1 - part) + b * part
    return levels


def rgb(yuv: np.ndarray, kr_kb: tuple[float, float], full: bool) -> np.ndarray:
    """[..., 3] levels of Y, U, V to R, G, B by the recommendations' own equations."""
    kr, kb = kr_kb
    y, u, v = np.moveaxis(yuv, -1, 0)
    luma = y / 255 if full else (y - 16) / 219
    blue, red = ((u - 128) / (255 if full else 224)), ((v - 128) / (255 if full else 224))
    r, b = luma + 2 * (1 - kr) * red, luma + 2 * (1 - kb) * blue
    return np.stack((r, (luma - kr * r - kb * b) / (1 - kr - kb), b), axis=-1) * 255


def ycbcr(levels: np.ndarray) -> np.ndarray:
    """[..., 3] levels of R, G, B to JPEG's Y, Cb, Cr (ITU-T T.871)."""
    r, g, b = np.moveaxis(levels, -1, 0)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return np.stack((y, 128 + (b - y) / 1.772, 128 + (r - y) / 1.402), axis=-1)
