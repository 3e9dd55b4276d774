"""The pictures that a visual tracker looks at: planes whose sums over any rectangle are four look-ups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from camwire.frames import Frame, UInt8Array

if TYPE_CHECKING:
    import av

PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray"})
"""Pixel formats whose planes are read as they are; others are converted to the first."""


class NoPictureError(ValueError):
    """A frame comes without the picture that a visual tracker has to look at."""


@dataclass(frozen=True, slots=True)
class Plane:
    """One colour of one frame."""

    sums: Any
    """[H + 1, W + 1] int32 (modulo 2³²): the sum of all values above and to the left."""
    scale: tuple[float, float]
    """This plane's pixels a picture pixel (``Frame.size``), for x and y."""


@dataclass(frozen=True, slots=True)
class PictureReader:
    """How a tracker gets to see pictures."""

    arrays: ModuleType
    """NumPy or CuPy: whose arrays the planes are, and the filters."""
    planes: Callable[[Frame], tuple[Plane, ...]]
    """A frame's luma and, where it has colour, its two chroma planes."""


def on_device(arrays: ModuleType, integrals: Callable[[Any], Sequence[Any]]) -> PictureReader:
    """Of pictures that stay on a device; ``integrals`` gives the sums over a picture's planes."""

    def planes(frame: Frame) -> tuple[Plane, ...]:
        return tuple(
            Plane(sums, ((sums.shape[1] - 1) / frame.size.width, (sums.shape[0] - 1) / frame.size.height))
            for sums in integrals(frame.picture)
        )

    return PictureReader(arrays, planes)


def planes_of(frame: Frame) -> tuple[Plane, ...]:
    """Luma and, where the picture has colour, the two chroma planes, in their own resolutions.

    ``frame.picture`` is an ``av.VideoFrame`` in the computer's memory.
    """
    return tuple(_plane(values, frame) for values in _values(frame.picture))


def _plane(values: UInt8Array, frame: Frame) -> Plane:
    import cv2  # here: a tracking process of its own looks at no pictures

    height, width = values.shape
    sums = cv2.integral(values, sdepth=cv2.CV_32S)
    return Plane(sums, (width / frame.size.width, height / frame.size.height))


def _values(picture: av.VideoFrame) -> list[UInt8Array]:
    if picture.format.name == "nv12":
        luma, chroma = picture.planes
        pairs = _rows(chroma).reshape(chroma.height, -1, 2)[:, : chroma.width]
        return [_rows(luma)[:, : luma.width], *(np.ascontiguousarray(pairs[..., i]) for i in range(2))]
    if picture.format.name not in PLANAR:
        picture = picture.reformat(format="yuv420p")
    return [_rows(plane)[:, : plane.width] for plane in picture.planes]


def _rows(plane: av.video.plane.VideoPlane) -> UInt8Array:
    """[H, stride] the plane's memory, not copied."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)


IN_MEMORY = PictureReader(np, planes_of)
"""Of ``av.VideoFrame``s in the computer's memory."""
