"""A file of JSON lines, rotated by size."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

from camwire.server.sinks.contract import Document, NotNowError

MB = 1_000_000
BLOCK = 1 << 16


class JsonLines:
    """Opened for each delivery, so that others may move the file. Lines are on the disk when it is done."""

    def __init__(self, path: Path, max_mb: float, keep: int) -> None:
        self._path = path
        self._max_bytes = max_mb * MB
        self._keep = keep

    async def deliver(self, events: Sequence[Document]) -> None:
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode()
        try:
            await asyncio.to_thread(self._append, lines)
        except OSError as error:
            raise NotNowError(f"{self._path} can't be written: {error.strerror}") from None

    async def close(self) -> None:
        """Nothing stays open."""

    def _append(self, lines: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size >= self._max_bytes:
            self._rotate()
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            cut_behind_the_last_line(handle)
            write_whole(handle, lines)
        finally:
            os.close(handle)

    def _rotate(self) -> None:
        names = [self._path, *(Path(f"{self._path}.{number}") for number in range(1, self._keep + 1))]
        for newer, older in zip(names[-2::-1], names[:0:-1], strict=True):
            if newer.exists():
                newer.replace(older)


def write_whole(handle: int, content: bytes) -> None:
    """Everything, on the disk, or nothing of it. Raises OSError."""
    begin = os.fstat(handle).st_size
    left = memoryview(content)
    try:
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, begin)
        raise


def cut_behind_the_last_line(handle: int) -> None:
    """Take out a line that a crash has cut short: its event comes again."""
    size = end = os.fstat(handle).st_size
    while end:
        begin = max(0, end - BLOCK)
        newline = os.pread(handle, end - begin, begin).rfind(b"\n")
        if newline >= 0:
            end = begin + newline + 1
            break
        end = begin
    if end < size:
        os.ftruncate(handle, end)
