"""Memory that two processes see, for messages too large for a socket."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from typing import Any

LEAST = 1 << 16
"""Bytes to begin with."""


class Memory:
    """One process writes a message, tells the other its length, and leaves it alone until that has read it.

    The memory grows with what is written; the other finds out by the length.
    """

    def __init__(self, descriptor: int) -> None:
        """``descriptor``: of a file in memory, which from now on belongs to this object."""
        self.descriptor = descriptor
        self._map = mmap.mmap(descriptor, os.fstat(descriptor).st_size)

    @classmethod
    def new(cls) -> Memory:
        """Raises OSError where there is no memory."""
        descriptor = os.memfd_create("camwire-tracking", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, LEAST)
        return cls(descriptor)

    def write(self, parts: Sequence[Any]) -> int:
        """Put contiguous buffers one behind the other; returns how many bytes they are."""
        sizes = [memoryview(part).nbytes for part in parts]
        length = sum(sizes)
        if length > len(self._map):
            os.ftruncate(self.descriptor, 1 << (length - 1).bit_length())
            self._map_again()
        begin = 0
        for part, size in zip(parts, sizes, strict=True):
            self._map[begin : begin + size] = part
            begin += size
        return length

    def read(self, length: int) -> memoryview:
        """The message, where it lies: valid until the other process writes again."""
        if length > len(self._map):
            self._map_again()
        return memoryview(self._map)[:length]

    def close(self) -> None:
        os.close(self.descriptor)

    def _map_again(self) -> None:
        self._map = mmap.mmap(self.descriptor, os.fstat(self.descriptor).st_size)
