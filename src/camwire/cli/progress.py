"""A progress bar for people: on a terminal only, a few times a second."""

from __future__ import annotations

import time
from typing import Self, TextIO

WIDTH = 30
EVERY = 0.2
"""Seconds between two pictures of the bar."""


class Progress:
    """Use it as a context manager: the bar is gone afterwards."""

    def __init__(self, total: int | None, stream: TextIO) -> None:
        """``total``: None where it isn't known."""
        self._total, self._stream = total, stream
        self._on = stream.isatty()
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._on:
            self._stream.write("\r\033[K")
            self._stream.flush()

    def show(self, done: int) -> None:
        now = time.monotonic()
        if self._on and now - self._shown >= EVERY:
            self._shown = now
            self._stream.write(f"\r\033[K{bar(done, self._total, now - self._began)}")
            self._stream.flush()


def bar(done: int, total: int | None, seconds: float) -> str:
    """`[#####     ] 120/240 frames  81 fps`."""
    rate = f"{done / seconds:.0f} fps" if seconds > 0 else ""
    if total is None:
        return f"{done} frames  {rate}"
    filled = min(WIDTH, WIDTH * done // max(total, 1))
    return f"[{'#' * filled}{' ' * (WIDTH - filled)}] {done}/{total} frames  {rate}"
