"""A device whose memory is the computer's: what a GPU lends, without one. FFmpeg decodes in software."""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np

from camwire.sources.apart.shelves import Lying
from camwire.sources.faults import SourceError

SHARED = Path("/dev/shm")


def files_of(pid: int) -> list[Path]:
    """The shelves that a process has lent and not taken back."""
    return list(SHARED.glob(f"camwire-test-shelf-{pid}-*"))


class HostPicture:
    """A picture on a shelf, as `bgr24`; its place is free when it goes."""

    def __init__(self, shelf: HostShelf, pixels: np.ndarray, let_go: Callable[[], None]) -> None:
        self._shelf = shelf
        self.pixels = pixels
        """[H, W, 3], where they lie."""
        self._let_go = let_go

    def __del__(self) -> None:
        self._let_go()


class HostShelf:
    """The worker's end: a file in memory, which goes with this object."""

    def __init__(self, place_size: int, places: int) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f"camwire-test-shelf-{os.getpid()}-", dir=SHARED)
        os.ftruncate(descriptor, place_size * places)
        self.path = Path(name)
        self.handle = os.fsencode(name)
        self._map = mmap.mmap(descriptor, place_size * places)
        os.close(descriptor)
        self._place_size = place_size

    def picture(self, place: int, how: Sequence[Any], let_go: Callable[[], None]) -> HostPicture:
        width, height = how
        pixels = np.frombuffer(self._map, np.uint8, width * height * 3, place * self._place_size)
        return HostPicture(self, pixels.reshape(height, width, 3), let_go)

    def __del__(self) -> None:
        self.path.unlink()


class HostLender:
    """Implements ``camwire.sources.apart.Lender``."""

    def __init__(
        self, *, full: str | None = None, broken: str | None = None, borrower: str = "HostBorrower"
    ) -> None:
        """``full``: there is no memory, for this reason. ``broken``: why processes can't use the device.
        ``borrower``: which class here stands for it in processes."""
        self.borrower = (f"tests.sources.apart.host:{borrower}", *([broken] if broken else []))
        self.full = full

    def shelf(self, place_size: int, places: int) -> HostShelf:
        if self.full:
            raise SourceError(self.full)
        return HostShelf(place_size, places)


class HostBorrowedShelf:
    """The source process's end."""

    def __init__(self, path: str, place_size: int) -> None:
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._place_size = place_size

    def put(self, picture: Lying, place: int) -> None:
        begin = place * self._place_size
        self._map[begin : begin + picture.size] = picture.where

    def close(self) -> None:
        self._map.close()


class HostBorrower:
    """Implements ``camwire.sources.apart.shelves.Borrower``."""

    def __init__(self, broken: str | None = None) -> None:
        if broken:
            raise SourceError(broken)

    def hwaccel(self) -> None:
        return

    def refuses(self, codec: str, pixel_format: str | None) -> str | None:
        return "the host can't decode mpeg2video" if codec == "mpeg2video" else None

    def described(self, picture: av.VideoFrame) -> Lying:
        pixels = picture.to_ndarray(format="bgr24")
        return Lying(pixels.nbytes, (picture.width, picture.height), pixels.tobytes())

    def shelf(self, handle: bytes, place_size: int) -> HostBorrowedShelf:
        return HostBorrowedShelf(os.fsdecode(handle), place_size)


class CrashingBorrower(HostBorrower):
    """A host on which pictures ``FATAL`` wide end the process, as a defect of FFmpeg would."""

    FATAL = 66

    def described(self, picture: av.VideoFrame) -> Lying:
        if picture.width == self.FATAL:
            ctypes.string_at(0)
        return super().described(picture)
