"""Decoded pictures to the BGR arrays that OpenCV draws on."""

from __future__ import annotations

import threading
from typing import cast

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from camwire.frames import Size, UInt8Array

PLANAR_8_BIT = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"})
"""Formats whose planes are plain 8-bit pictures of their own and can be scaled one by one."""

_per_thread = threading.local()


def to_bgr(picture: av.VideoFrame, size: Size) -> UInt8Array:
    """``picture`` scaled to ``size`` as [H, W, 3] uint8 BGR, full range: a new picture, free to be drawn on.

    swscale does the colours, because it alone heeds the range (limited or full) and the matrix (BT.601 or
    BT.709) that the stream declares. OpenCV does the scaling where it can, on the planes: together that
    takes about half the time of swscale doing both.
    """
    if (picture.width, picture.height) != size and picture.format.name in PLANAR_8_BIT:
        picture = _scaled_planes(picture, size)
    converted = _reformatter().reformat(
        picture, size.width, size.height, format="bgr24", interpolation=Interpolation.AREA, threads=1
    )
    pixels = cast(UInt8Array, converted.to_ndarray())
    # A picture that is BGR already comes back as it was; nobody else's pixels may be drawn on.
    return pixels.copy() if converted is picture else pixels


def _scaled_planes(picture: av.VideoFrame, size: Size) -> av.VideoFrame:
    scaled = av.VideoFrame(size.width, size.height, picture.format.name)
    scaled.colorspace = picture.colorspace
    scaled.color_range = picture.color_range
    for source, target in zip(picture.planes, scaled.planes, strict=True):
        pixels = _pixels(target)
        cv2.resize(_pixels(source), pixels.shape[::-1], dst=pixels, interpolation=cv2.INTER_LINEAR)
    return scaled


def _pixels(plane: av.video.plane.VideoPlane) -> UInt8Array:
    """The plane's own memory as [H, W], without the padding at its rows' ends."""
    rows: UInt8Array = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _reformatter() -> VideoReformatter:
    """This thread's own: a reformatter holds the tables of its last conversion and can't be shared."""
    try:
        return cast(VideoReformatter, _per_thread.reformatter)
    except AttributeError:
        _per_thread.reformatter = VideoReformatter()
        return cast(VideoReformatter, _per_thread.reformatter)
