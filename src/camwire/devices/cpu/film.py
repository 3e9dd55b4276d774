"""Pictures into a video file: H.264, each at its own time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av

from camwire.frames import UInt8Array

TICK = Fraction(1, 90_000)
"""Seconds; fine enough for every frame rate in use."""
OPTIONS = {"crf": "23", "preset": "veryfast"}


class Film:
    """Use it as a context manager: the file is whole then. Raises OSError where it can't be written."""

    def __init__(self, path: Path) -> None:
        self._container = av.open(path, "w")
        self._stream: Any = None
        self._last = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._container:
            if self._stream is not None:
                self._container.mux(self._stream.encode())

    def add(self, picture: UInt8Array, time: float) -> None:
        """[H, W, 3] BGR, all of the first one's size; ``time`` in seconds, growing."""
        height, width = picture.shape[:2]
        if self._stream is None:
            self._stream = self._container.add_stream("libx264", rate=30, options=OPTIONS)
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
            self._stream.codec_context.time_base = TICK
        frame = av.VideoFrame.from_ndarray(picture, "bgr24")
        self._last = max(self._last + 1, round(time / TICK))
        frame.pts, frame.time_base = self._last, TICK
        self._container.mux(self._stream.encode(frame))
