"""Clips with one bright box that moves over a dark background."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

BOX = 48
"""Pixels."""


def box_clip(
    path: Path,
    *,
    size: tuple[int, int] = (320, 180),
    frames: int = 50,
    fps: int = 25,
    background: int = 30,
    box: int = 255,
) -> Path:
    """The box goes from left to right along the middle, over ``frames`` pictures."""
    width, height = size
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.thread_count = 1
        video.codec_context.gop_size = 10
        video.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "18"}
        for index in range(frames):
            picture = np.full((height, width, 3), background, np.uint8)
            left = round((width - BOX) * index / frames)
            top = (height - BOX) // 2
            picture[top : top + BOX, left : left + BOX] = box
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


def red_pixels(jpeg: bytes) -> int:
    """How much of a picture is as red as the stand-in's boxes."""
    blue, green, red = (plane.astype(int) for plane in cv2.split(decoded(jpeg)))
    return int(((red > 150) & (green < 90) & (blue < 90)).sum())


def decoded(jpeg: bytes) -> np.ndarray:
    """[H, W, 3] BGR."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture
