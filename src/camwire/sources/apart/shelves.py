"""Where pictures lie that one process decodes and another one looks at.

The worker lends memory: a *shelf* for each camera, of PLACES places. The source process puts a picture into a
free place and says so; the worker frees the place when it has done with the picture. Which are taken, a table
says that both processes see, a byte a place, so that freeing one is a write to memory.
"""

from __future__ import annotations

import mmap
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

PLACES = 6
"""On a shelf: one that is being filled, one in the slot, one each in four batches under way."""
ROWS = 1024
"""Shelves that a process has at most, those included whose last pictures are still looked at."""
FREE, TAKEN = 0, 1


class Lying(NamedTuple):
    """A decoded picture, described."""

    size: int
    """Bytes that it takes."""
    how: tuple[Any, ...]
    """What the lender has to know of how it lies; numbers and text."""
    where: Any
    """What the shelf copies it from."""


class Shelf(Protocol):
    """A shelf as the source process sees it."""

    def put(self, picture: Lying, place: int) -> None:
        """Copy a picture into a place; it is there when this returns. Raises SourceError."""

    def close(self) -> None:
        """Look at it no more. Raises SourceError."""


class Borrower(Protocol):
    """What a source process can do on the worker's device."""

    def hwaccel(self) -> Any:
        """What to open a camera with, or None for software. Raises SourceError."""

    def refuses(self, codec: str, pixel_format: str | None) -> str | None:
        """Why the device can't decode such video, as FFmpeg names it; None when it can."""

    def described(self, picture: Any) -> Lying:
        """Raises SourceError for a picture that the device can't take."""

    def shelf(self, handle: bytes, place_size: int) -> Shelf:
        """Open a shelf. Raises SourceError."""


class LentShelf(Protocol):
    """A shelf as the worker sees it; the memory goes when nobody has this object or a picture any more."""

    handle: bytes
    """What opens it in another process."""

    def picture(self, place: int, how: Sequence[Any], let_go: Callable[[], None]) -> Any:
        """The device's own picture, as frames carry it; it calls ``let_go`` at its end, in any thread."""


class Lender(Protocol):
    """A device whose memory other processes may use."""

    borrower: tuple[str, ...]
    """What a source process makes its Borrower of: `module:function`, and the function's arguments. Raises
    SourceError where there can be none."""

    def shelf(self, place_size: int, places: int) -> LentShelf:
        """Take memory. Raises SourceError where there is none."""


class Places:
    """The table of places that are taken, [ROWS, PLACES]; each process has one over the same memory."""

    def __init__(self, descriptor: int) -> None:
        """``descriptor``: of a file in memory, which from now on belongs to this object."""
        self.descriptor = descriptor
        self._taken = mmap.mmap(descriptor, ROWS * PLACES)
        self._unused = deque(range(ROWS))

    @classmethod
    def new(cls) -> Places:
        """Raises OSError where there is no memory."""
        descriptor = os.memfd_create("camwire-places", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, ROWS * PLACES)
        return cls(descriptor)

    def close(self) -> None:
        """The table itself goes when nobody writes to it any more."""
        os.close(self.descriptor)

    # --- in the source process -------------------------------------------------------------------

    def take(self, row: int) -> int | None:
        """A free place, which is taken now; None where there is none."""
        begin = row * PLACES
        at = self._taken.find(FREE.to_bytes(), begin, begin + PLACES)
        if at < 0:
            return None
        self._taken[at] = TAKEN
        return at - begin

    # --- in the worker ---------------------------------------------------------------------------

    def free(self, row: int, place: int) -> None:
        self._taken[row * PLACES + place] = FREE

    def new_row(self) -> int | None:
        """The number of a row that nobody uses, all of whose places are free; None where there is none."""
        try:
            row = self._unused.popleft()
        except IndexError:
            return None
        self._taken[row * PLACES : (row + 1) * PLACES] = bytes(PLACES)
        return row

    def drop_row(self, row: int) -> None:
        """Nobody uses it any more; from any thread."""
        self._unused.append(row)
