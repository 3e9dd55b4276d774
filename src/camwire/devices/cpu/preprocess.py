"""Decoded pictures to a model's input, on the CPU.

The planes are scaled first, where they lie in the decoder's memory, and what is left of them is turned into
RGB or BGR by one 3×4 matrix. That costs half of converting whole pictures, and heeds the colour matrix and
the range (limited or full) that the stream declares, which OpenCV's own YUV conversions don't.
"""

from __future__ import annotations

import threading
from functools import lru_cache

import av
import cv2
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from camwire.devices.contracts import InputSpec, ModelInput
from camwire.devices.letterbox import place
from camwire.frames import Batch, Float32Array, Size, UInt8Array

PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"})
SEMI_PLANAR = "nv12"

BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
"""Kr and Kb of ITU-R BT.601, BT.709 and BT.2020."""
_KR_KB: dict[int, tuple[float, float]] = {Colorspace.ITU709: BT709, Colorspace.BT2020: BT2020}

_per_thread = threading.local()


class CpuPreprocessor:
    """Fulfils ``Preprocessor`` for frames whose picture is an ``av.VideoFrame`` in main memory.

    Holds nothing: any thread may call it. Pictures are only read. A picture that declares no colour matrix is
    taken as BT.601, as FFmpeg does, and one that declares no range as limited, unless its format says
    otherwise (yuvj).
    """

    def __call__(self, batch: Batch, spec: InputSpec) -> ModelInput:
        """As ``Preprocessor`` says. Scaling is bilinear, pixel centres at half integers (cv2.resize)."""
        pixels = np.empty((len(batch), spec.size.height, spec.size.width, 3), np.uint8)
        scale = np.empty((len(batch), 2), np.float32)
        offset = np.empty((len(batch), 2), np.float32)
        for index, frame in enumerate(batch.frames):
            placement = place(Size(frame.picture.width, frame.picture.height), spec)
            _fill_around(pixels[index], placement.rows, placement.columns, spec.pad_value)
            _convert(frame.picture, spec.channels, pixels[index, placement.rows, placement.columns])
            scale[index] = placement.scale_from(frame.size)
            offset[index] = placement.left, placement.top
        return ModelInput(pixels, scale, offset)


def _fill_around(pixels: UInt8Array, rows: slice, columns: slice, value: int) -> None:
    pixels[: rows.start] = value
    pixels[rows.stop :] = value
    pixels[rows, : columns.start] = value
    pixels[rows, columns.stop :] = value


def _convert(picture: av.VideoFrame, channels: str, target: UInt8Array) -> None:
    """Write ``picture``, scaled to ``target``'s size, into ``target`` [h, w, 3]."""
    if picture.format.name in PLANAR:
        yuv = _scaled_planes(picture, target)
    elif picture.format.name == SEMI_PLANAR:
        yuv = _scaled_semi_planes(picture, target)
    else:
        _convert_any(picture, channels, target)
        return
    full = picture.color_range == ColorRange.JPEG or picture.format.name.startswith("yuvj")
    cv2.transform(yuv, _matrix(_KR_KB.get(picture.colorspace, BT601), full, channels), dst=target)


def _scaled_planes(picture: av.VideoFrame, target: UInt8Array) -> UInt8Array:
    height, width = target.shape[:2]
    planes = np.empty((3, height, width), np.uint8)
    for plane, scaled in zip(picture.planes, planes, strict=True):
        cv2.resize(_pixels(plane), (width, height), dst=scaled, interpolation=cv2.INTER_LINEAR)
    yuv = np.empty((height, width, 3), np.uint8)
    cv2.merge(list(planes), dst=yuv)
    return yuv


def _scaled_semi_planes(picture: av.VideoFrame, target: UInt8Array) -> UInt8Array:
    height, width = target.shape[:2]
    luma, chroma = picture.planes
    sources = _pixels(luma), _pixels(chroma, channels=2)
    scaled = [cv2.resize(source, (width, height), interpolation=cv2.INTER_LINEAR) for source in sources]
    yuv = np.empty((height, width, 3), np.uint8)
    cv2.mixChannels(scaled, [yuv], [0, 0, 1, 1, 2, 2])
    return yuv


def _pixels(plane: VideoPlane, channels: int = 1) -> UInt8Array:
    """The plane's own memory as [h, w] or [h, w, channels], without the padding at its rows' ends."""
    shape = (plane.height, plane.width, channels)
    pixels = np.ndarray(shape, np.uint8, memoryview(plane), strides=(plane.line_size, channels, 1))
    return pixels if channels > 1 else pixels[..., 0]


def _convert_any(picture: av.VideoFrame, channels: str, target: UInt8Array) -> None:
    """Let FFmpeg scale and convert what has no 8-bit YUV planes: RGB, grey, palettes, 10 bits."""
    height, width = target.shape[:2]
    converted = _reformatter().reformat(
        picture, width, height, f"{channels.lower()}24", interpolation=Interpolation.BILINEAR, threads=1
    )
    target[:] = converted.to_ndarray()


def _reformatter() -> VideoReformatter:
    """This thread's own: a reformatter holds the tables of its last conversion and can't be shared."""
    reformatter: VideoReformatter | None = getattr(_per_thread, "reformatter", None)
    if reformatter is None:
        reformatter = _per_thread.reformatter = VideoReformatter()
    return reformatter


@lru_cache(maxsize=32)
def _matrix(kr_kb: tuple[float, float], full: bool, channels: str) -> Float32Array:
    """[3, 4], 8-bit Y, U, V and 1 to 8-bit R, G, B (or B, G, R), from ITU-R BT.601/709/2020's definitions."""
    kr, kb = kr_kb
    kg = 1 - kr - kb
    to_rgb = np.array(
        [
            [1, 0, 2 * (1 - kr)],
            [1, -2 * kb * (1 - kb) / kg, -2 * kr * (1 - kr) / kg],
            [1, 2 * (1 - kb), 0],
        ]
    )
    gain = np.array([1, 1, 1]) if full else np.array([255 / 219, 255 / 224, 255 / 224])
    zero = np.array([0 if full else 16, 128, 128])
    matrix = np.column_stack((to_rgb * gain, -(to_rgb * gain) @ zero))
    return np.ascontiguousarray(matrix if channels == "RGB" else matrix[::-1], np.float32)
