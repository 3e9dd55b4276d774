"""Small clips for tests, with a number in each picture that survives coding and scaling."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

COUNTER_BITS = 16
"""The counter is a row of cells along the picture's upper edge, white for 1, the highest bit at the left."""
COUNTER_HEIGHT = 1 / 10


def paint_counter(picture: NDArray[np.uint8], number: int) -> None:
    """Write ``number`` into ``picture`` [H, W, 3]."""
    height, width = picture.shape[:2]
    edges = np.linspace(0, width, COUNTER_BITS + 1).astype(int)
    for bit, (left, right) in enumerate(pairwise(edges)):
        on = number >> (COUNTER_BITS - 1 - bit) & 1
        picture[: int(height * COUNTER_HEIGHT), left:right] = 255 if on else 0


def read_counter(picture: NDArray[np.uint8]) -> int:
    """The number in ``picture`` [H, W] or [H, W, C], whatever its size."""
    height, width = picture.shape[:2]
    row = picture[int(height * COUNTER_HEIGHT / 2)].reshape(width, -1).mean(axis=1)
    centres = ((np.arange(COUNTER_BITS) + 0.5) * width / COUNTER_BITS).astype(int)
    number = 0
    for centre in centres:
        number = number << 1 | int(row[centre] > 127)
    return number


def counter_of(frame: av.VideoFrame) -> int:
    """The number in a decoded frame."""
    return read_counter(frame.to_ndarray(format="gray"))


def counted_pictures(count: int, width: int, height: int, first: int = 0) -> Iterable[NDArray[np.uint8]]:
    """``count`` pictures [H, W, 3] RGB with their numbers, over a slowly moving background."""
    across = np.arange(width, dtype=np.int64)[None, :, None]
    down = np.arange(height, dtype=np.int64)[:, None, None]
    for number in range(first, first + count):
        picture = ((across + down + 3 * number) % 200 + np.array([0, 20, 40])).astype(np.uint8)
        paint_counter(picture, number)
        yield picture


def make_clip(
    path: Path,
    *,
    codec: str = "h264",
    width: int = 320,
    height: int = 240,
    frames: int = 50,
    fps: int = 25,
    gop: int = 25,
    b_frames: int = 0,
    first: int = 0,
    audio: bool = False,
) -> Path:
    """Write a clip of ``codec`` h264 or h265; the picture at position i holds the number ``first + i``."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264" if codec == "h264" else "libx265", rate=fps)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.thread_count = 1
        video.codec_context.gop_size = gop
        video.codec_context.max_b_frames = b_frames
        if codec == "h265":
            video.codec_context.codec_tag = "hvc1"
        video.codec_context.options = _encoder_options(codec, gop, b_frames)
        sound = container.add_stream("aac", rate=8000, layout="mono") if audio else None
        for index, picture in enumerate(counted_pictures(frames, width, height, first)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            _mux_silence(container, sound, seconds=frames / fps)
    return path


def make_soundtrack(path: Path, seconds: float = 1.0) -> Path:
    """Write a file that has sound but no video."""
    with av.open(str(path), "w") as container:
        _mux_silence(container, container.add_stream("aac", rate=8000, layout="mono"), seconds)
    return path


def make_image(path: Path, *, number: int = 7, width: int = 320, height: int = 240) -> Path:
    """Write one numbered picture as JPEG or PNG."""
    (picture,) = counted_pictures(1, width, height, number)
    jpeg = path.suffix == ".jpg"
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("mjpeg" if jpeg else "png", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p" if jpeg else "rgb24"
        stream.codec_context.thread_count = 1
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _encoder_options(codec: str, gop: int, b_frames: int) -> dict[str, str]:
    options = {"preset": "ultrafast", "crf": "18"}
    if b_frames == 0:
        options["tune"] = "zerolatency"
    if codec == "h265":
        options["x265-params"] = (
            f"log-level=none:pools=none:frame-threads=1:keyint={gop}:min-keyint={gop}:"
            f"scenecut=0:bframes={b_frames}:repeat-headers=1"
        )
    else:
        options["x264-params"] = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}"
    return options


def _mux_silence(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    for start in range(0, int(seconds * 8000), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, start, Fraction(1, 8000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
