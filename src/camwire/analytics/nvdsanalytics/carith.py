"""C arithmetic as an x86-64 machine does it: 32-bit integers that wrap, single precision floats.

The values decide whether results equal DeepStream's, also where they come out odd: a box whose left side is
outside the picture wraps to a huge unsigned number, and its centre comes back as a negative one.
"""

from __future__ import annotations

import math
from ctypes import c_float

import numpy as np

UINT32 = 2**32 - 1
UINT64 = 2**64 - 1
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

_EXACT = 2**53
_EXACT_SINGLE = 2**24


def int32(value: int) -> int:
    """The value of the lower 32 bits, as a signed number."""
    if INT32_MIN <= value <= INT32_MAX:
        return value
    return ((value + 2**31) & UINT32) - 2**31


def int64(value: int) -> int:
    """The value of the lower 64 bits, as a signed number."""
    return ((value + 2**63) & UINT64) - 2**63


def quotient(dividend: int, divisor: int) -> int:
    """Integer division that truncates, for a positive divisor."""
    return dividend // divisor if dividend >= 0 else -(-dividend // divisor)


def single(value: float) -> float:
    """Rounded to single precision.

    A sum, product or quotient of two singles, computed in double precision and rounded by this, is what
    single precision arithmetic gives: double precision has more than twice the digits.
    """
    return c_float(value).value  # Half the time of struct's way there and back.


def single_of_unsigned(value: int) -> float:
    """A 64-bit unsigned integer in single precision, rounded once."""
    return single(value) if value < _EXACT else float(np.float32(np.uint64(value)))


def divided(dividend: float, divisor: float) -> float:
    """Division that gives infinity or NaN where Python raises."""
    if divisor:
        return dividend / divisor
    return math.nan if not dividend or math.isnan(dividend) else math.copysign(math.inf, dividend)


def truncated(value: float) -> int:
    """A float as a 32-bit integer; the smallest one where it doesn't fit."""
    return int(value) if -(2.0**31) - 1 < value < 2.0**31 else INT32_MIN


def unsigned(value: float) -> int:
    """A float, stored in single precision, as a 32-bit unsigned integer; negative ones wrap."""
    value = c_float(value).value
    if 0 <= value < 2.0**32:
        return int(value)
    return int(value) & UINT32 if -(2.0**63) <= value < 2.0**63 else 0


def squared_length(x: int, y: int) -> int:
    """x² + y² of 32-bit integers, as single precision and the cut back to 32 bits give it."""
    square = x * x + y * y
    if square < _EXACT_SINGLE:
        return square
    x_single, y_single = single(int32(x)), single(int32(y))
    return truncated(single(single(x_single * x_single) + single(y_single * y_single)))
