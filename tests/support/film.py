"""Films as cameras have them: encoded pictures as NAL units, kept in memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np

from tests.support.clips import counted_pictures

_START_CODE = re.compile(b"\x00*\x00\x00\x01")


@dataclass(frozen=True)
class Film:
    """Pictures in the order of coding. Every key frame comes with its parameter sets."""

    codec: str
    """``h264`` or ``h265``."""
    units: tuple[tuple[bytes, ...], ...]
    """Of each picture, its NAL units."""
    order: tuple[int, ...]
    """Of each picture, its place in the order of display."""
    keys: tuple[bool, ...]
    """Of each picture, whether it is a key frame."""


@lru_cache(maxsize=32)
def film(
    codec: str = "h264",
    *,
    width: int = 160,
    height: int = 128,
    frames: int = 20,
    gop: int = 10,
    b_frames: int = 0,
    profile: str = "",
    noise: bool = False,
) -> Film:
    """Encode a film whose pictures are numbered; with ``noise`` it takes many times the bytes."""
    encoder = av.CodecContext.create("libx264" if codec == "h264" else "libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.thread_count, encoder.gop_size, encoder.max_b_frames = 1, gop, b_frames
    keys = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:repeat-headers=1"
    encoder.options = {
        "preset": "veryfast" if profile else "ultrafast",
        "crf": "10" if noise else "25",
        **({} if b_frames else {"tune": "zerolatency"}),
        **({"profile": profile} if profile else {}),
        **(
            {"x264-params": keys}
            if codec == "h264"
            else {"x265-params": f"log-level=none:pools=none:frame-threads=1:{keys}"}
        ),
    }
    random = np.random.default_rng(1)
    packets = []
    for index, picture in enumerate(counted_pictures(frames, width, height)):
        if noise:
            picture[height // 2 :] = random.integers(0, 255, picture[height // 2 :].shape, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, 25)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return Film(
        codec=codec,
        units=tuple(tuple(filter(None, _START_CODE.split(bytes(packet)))) for packet in packets),
        order=tuple(int(packet.pts or 0) for packet in packets),
        keys=tuple(packet.is_keyframe for packet in packets),
    )
