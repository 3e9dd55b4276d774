"""What is remembered of a tracked object: its boxes in the last frames that it was in, and their sums."""

from __future__ import annotations

from array import array
from typing import NamedTuple

from camwire.analytics.nvdsanalytics.carith import (
    INT32_MAX,
    UINT32,
    UINT64,
    int32,
    quotient,
    single,
    single_of_unsigned,
    truncated,
    unsigned,
)

VALUES = 4
"""Numbers of a sample: centre x and y, width, height."""


class TrackedObject(NamedTuple):
    """An object of a frame as it is handed in; the box in float pixels of the frame."""

    object_id: int
    class_id: int
    left: float
    top: float
    width: float
    height: float


class Box(NamedTuple):
    """A box in whole pixels, by its centre."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def of(cls, item: TrackedObject) -> Box:
        """Each number becomes an unsigned integer first, so that a negative one wraps."""
        left, top = unsigned(item.left), unsigned(item.top)
        width, height = unsigned(item.width), unsigned(item.height)
        return cls(int32(left + width // 2), int32(top + height // 2), int32(width), int32(height))

    @property
    def bottom(self) -> int:
        return int32(self.y + quotient(self.height, 2))


NOWHERE = Box(0, 0, 0, 0)
"""Where an object was before there are enough samples of it."""


class Track:
    """One object's history. ``last_seen`` is the PTS of the newest sample in nanoseconds."""

    __slots__ = (
        "_begin",
        "_length",
        "_next",
        "_ring",
        "_sum_height",
        "_sum_x",
        "_sum_xx",
        "_sum_y",
        "_sum_yy",
        "_window",
        "count",
        "crossed",
        "last_seen",
        "mean_height",
    )

    def __init__(self, length: int) -> None:
        self._length = length
        self._ring = array("i")
        self._next = 0
        # 64-bit unsigned in DeepStream: they are cut to that where they are read.
        self._sum_x = self._sum_y = self._sum_xx = self._sum_yy = self._sum_height = 0
        self._begin: Box | None = None
        """The reference while the ring fills, which stays the same."""
        self._window = 0
        """Samples in the ring."""
        self.count = 0
        """Samples since the track began, also those forgotten by now."""
        self.crossed: set[str] = set()
        """Labels of the lines that this track was counted at."""
        self.last_seen = 0
        self.mean_height = 0.0
        """Single precision, over the samples in the ring."""

    def add(self, box: Box, pts: int) -> None:
        x, y, _, height = box
        ring, at = self._ring, self._next * VALUES
        square_x, square_y = x * x, y * y
        if self.count >= self._length:
            self._forget(*ring[at : at + VALUES])
            ring[at], ring[at + 1], ring[at + 2], ring[at + 3] = box
        else:
            ring.extend(box)
        self._next = (self._next + 1) % self._length
        self._sum_x += x
        self._sum_y += y
        self._sum_xx += square_x if square_x <= INT32_MAX else int32(square_x)
        self._sum_yy += square_y if square_y <= INT32_MAX else int32(square_y)
        # A height is added unsigned and taken off signed; a negative one leaves 2³² behind.
        self._sum_height += height & UINT32
        self.count += 1
        if self._window < self._length:
            self._window += 1
        self.last_seen = pts
        self.mean_height = self._mean(self._sum_height)

    def _forget(self, x: int, y: int, _width: int, height: int) -> None:
        self._sum_x -= x
        self._sum_y -= y
        self._sum_xx -= int32(x * x)
        self._sum_yy -= int32(y * y)
        self._sum_height -= height

    def _mean(self, total: int) -> float:
        return single(single_of_unsigned(total & UINT64) / self._window)

    @property
    def half_height(self) -> int:
        """Half of the mean height, in whole pixels."""
        return quotient(truncated(self.mean_height), 2)

    def variance_x(self) -> float:
        """Over the ring: mean of squares less square of mean, each step in single precision."""
        return self._variance(self._sum_x, self._sum_xx)

    def variance_y(self) -> float:
        """As of x."""
        return self._variance(self._sum_y, self._sum_yy)

    def _variance(self, total: int, squares: int) -> float:
        mean = self._mean(total)
        return single(self._mean(squares) - single(mean * mean))

    def reference(self) -> Box:
        """Where it was: the mean of the four oldest samples, or of the first two while the ring fills."""
        if self.count <= 3:
            return NOWHERE
        if self.count < self._length:
            if self._begin is None:
                self._begin = _mean_box(self._ring[: 2 * VALUES])
            return self._begin
        oldest = self._ring[self._next * VALUES : (self._next + 4) * VALUES]
        if len(oldest) < 4 * VALUES:  # Round the ring's end; more than once where it is short.
            oldest = (oldest + self._ring * 4)[: 4 * VALUES]
        return _mean_box(oldest)


def _mean_box(samples: array[int]) -> Box:
    many = len(samples) // VALUES
    sums = [sum(samples[value::VALUES]) for value in range(VALUES)]
    if min(sums) >= 0 and max(sums) <= INT32_MAX:
        return Box(*[total // many for total in sums])
    return Box(*[quotient(int32(total), many) for total in sums])
