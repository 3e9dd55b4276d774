"""Reads the coefficients out of our JPEGs' segments, by the definition (ITU-T T.81, F.2)."""

from __future__ import annotations

import re

import numpy as np

from camwire.devices.cuda import jpeg

Table = dict[tuple[int, int], int]
"""A code's length and value to what it stands for."""


def tables() -> list[tuple[Table, Table]]:
    """For luma and chroma: DC's sizes, and AC's run << 4 | size."""

    def table(codes: list[int]) -> Table:
        return {(code >> 16, code & 0xFFFF): symbol for symbol, code in enumerate(codes) if code}

    return [(table(codes[:12]), table(codes[12:])) for codes in jpeg.codes().tolist()]


class Bits:
    """A segment's bits, from the first."""

    def __init__(self, stuffed: bytes) -> None:
        code = stuffed.replace(b"\xff\x00", b"\xff")
        self._length, self._value, self._at = len(code) * 8, int.from_bytes(code, "big"), 0

    def take(self, count: int) -> int:
        self._at += count
        assert self._at <= self._length, "the segment ends too early"
        return self._value >> (self._length - self._at) & ((1 << count) - 1)

    def symbol(self, table: Table) -> int:
        code = 0
        for length in range(1, 17):
            code = code << 1 | self.take(1)
            if (length, code) in table:
                return table[length, code]
        raise AssertionError("there is no such code")

    def value(self, size: int) -> int:
        bits = self.take(size)
        return bits if not size or bits >> (size - 1) else bits - (1 << size) + 1

    def end(self) -> None:
        left = self._length - self._at
        assert left < 8, "bytes too many"
        assert self.take(left) == (1 << left) - 1, "filled up with ones"


def segments(file: bytes) -> list[bytes]:
    """The scan's segments, still stuffed; their markers are as they must be."""
    scan = file.index(b"\xff\xda") + 14
    *parts, rest = re.split(rb"\xff([\xd0-\xd9])", file[scan:], flags=re.DOTALL)
    made, markers = parts[::2], parts[1::2]
    assert rest == b""
    assert [marker[0] for marker in markers] == [*(0xD0 + n % 8 for n in range(len(made) - 1)), 0xD9]
    return made


def coefficients(file: bytes, columns: int) -> np.ndarray:
    """[MCUs, 6, 64] quantised levels in zigzag order, of a file whose segments have ``columns`` MCUs."""
    codes, rows = tables(), segments(file)
    made = np.zeros((len(rows), columns, 6, 64), np.int16)
    for segment, row in zip(rows, made, strict=True):
        bits, before = Bits(segment), [0, 0, 0]
        for mcu in row:
            for which, block in enumerate(mcu):
                plane, (dc, ac) = max(which - 3, 0), codes[which >= 4]
                before[plane] += bits.value(bits.symbol(dc))
                block[0] = before[plane]
                _read_others(bits, ac, block)
        bits.end()
    return made.reshape(-1, 6, 64)


def _read_others(bits: Bits, codes: Table, block: np.ndarray) -> None:
    at = 0
    while at < 63:
        run, size = divmod(bits.symbol(codes), 16)
        if (run, size) == (0, 0):
            return
        at += run + 1
        assert at < 64, "a block has 64 coefficients"
        block[at] = bits.value(size)
        assert size or run == 15, "zeros are told by the run of what follows them"
