"""Pictures in buffers: I420 and RGBA, several behind each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from tests.support.deepstream_stand_ins.base import Gst
from tests.support.deepstream_stand_ins.store import Frame

BYTES = {"I420": 1.5, "NV12": 1.5, "RGBA": 4.0, "RGB": 3.0}
"""A pixel's."""


def format_of(caps: Any) -> str:
    return caps.get_structure(0).get_string("format")


def pictures(buffer: Any, frames: list[Frame], kind: str) -> Iterator[np.ndarray]:
    """Each frame's picture: [H * 3 / 2, W] for I420 and NV12, [H, W, C] for the others; a copy."""
    content = buffer.extract_dup(0, buffer.get_size())
    start = 0
    for frame in frames:
        width, height = frame.size
        size = int(width * height * BYTES[kind])
        one = np.frombuffer(content, np.uint8, size, start).copy()
        start += size
        yield (
            one.reshape(height * 3 // 2, width)
            if kind in ("I420", "NV12")
            else one.reshape(height, width, -1)
        )


def converted(picture: np.ndarray, before: str, after: str) -> np.ndarray:
    if before == after:
        return picture
    if (before, after) == ("I420", "NV12"):
        height = picture.shape[0] * 2 // 3
        chroma = picture[height:].reshape(2, -1)
        return np.concatenate([picture[:height], chroma.T.reshape(height // 2, -1)])
    codes = {
        ("I420", "RGBA"): cv2.COLOR_YUV2RGBA_I420,
        ("I420", "RGB"): cv2.COLOR_YUV2RGB_I420,
        ("RGBA", "I420"): cv2.COLOR_RGBA2YUV_I420,
        ("RGBA", "RGB"): cv2.COLOR_RGBA2RGB,
        ("RGB", "I420"): cv2.COLOR_RGB2YUV_I420,
    }
    return cv2.cvtColor(picture, codes[before, after])


def resized(picture: np.ndarray, kind: str, size: tuple[int, int]) -> np.ndarray:
    """Stretched."""
    if kind != "I420":
        return cv2.resize(picture, size)
    rgb = cv2.resize(converted(picture, "I420", "RGB"), size)
    return converted(rgb, "RGB", "I420")


def padded(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An I420 picture fitted into ``size`` with black bars at the right and at the bottom."""
    rgb = converted(picture, "I420", "RGB")
    scale = min(size[0] / rgb.shape[1], size[1] / rgb.shape[0])
    width, height = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
    whole = np.zeros((size[1], size[0], 3), np.uint8)
    whole[:height, :width] = cv2.resize(rgb, (width, height))
    return converted(whole, "RGB", "I420")


def buffer_of(content: list[np.ndarray], pts: int) -> Any:
    buffer = Gst.Buffer.new_wrapped(b"".join(one.tobytes() for one in content))
    buffer.pts = pts
    return buffer
