"""The four kinds of shape that the draw kernel knows, strokes, areas, plates and masks, and lists of them."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import NamedTuple

import numpy as np

from camwire.devices.cpu.labels import letters, put_together, room
from camwire.devices.cpu.lines import ONE
from camwire.devices.cpu.palette import INK, Colour
from camwire.devices.cpu.typeface import margin_of
from camwire.devices.cuda.colours import JPEG_OF_RGB
from camwire.devices.cuda.scene import DARK, jpeg_colours
from camwire.devices.cuda.surfaces import Records
from camwire.frames import Float32Array, Int32Array, Size, UInt8Array

STROKE, AREA, PLATE, MASK = range(4)
CORNER = 8
"""Bytes."""

SHAPE = np.dtype(
    [
        *((name, np.int32) for name in ("kind", "first", "last", "pitch")),
        *((name, np.float32) for name in ("left", "top", "right", "bottom")),
        ("line", np.float32, 4),
        ("thickness", np.int32),
        ("part", np.float32),
        ("colour", np.float32, 3),
        ("reserved", np.int32),
    ]
)
"""``Shape`` of kernels/scene.cuh."""

_SHAPE = Struct("4i4f4fif3fi")
"""``SHAPE``, a value at a time."""
_FIRST, _FIRST_AND_LAST = Struct("i"), Struct("ii")
_AFTER_THE_KIND = 4
"""Bytes; there ``first`` begins."""


class Shapes(NamedTuple):
    """Of a batch's pictures."""

    records: Records
    """[n] of SHAPE, the pictures' one after the other; each first those below the traces."""
    ends: list[tuple[int, int, int]]
    """For each picture: its first shape, the first of those above the boxes, and the end."""
    corners: Float32Array
    """[m, 2] of areas."""
    pixels: UInt8Array
    """Plates' pixels (Y, Cb, Cr) and masks, one after the other."""


class Fragment:
    """Shapes with their corners and pixels, for any number of sheets."""

    def __init__(self) -> None:
        self.records = bytearray()
        """Of SHAPE."""
        self.areas: list[tuple[int, bytes]] = []
        """Where in ``records`` the number of an area's first corner is to be, and its corners."""
        self.plates: list[tuple[int, UInt8Array]] = []
        """Where in ``records`` the place of a plate's pixels is to be, and they."""

    def add(self, records: bytes) -> None:
        """Of SHAPE."""
        self.records += records

    def add_area(self, record: bytes, corners: bytes) -> None:
        """``corners``: of float32 [n, 2]."""
        self.areas.append((len(self.records) + _AFTER_THE_KIND, corners))
        self.records += record

    def add_plate(self, pixels: UInt8Array, left: int, bottom: int, picture: Size) -> None:
        """A plate [h, w, 3], its lower left corner there, moved to be inside the picture."""
        height, width = pixels.shape[:2]
        left = max(0, min(left, picture.width - width))
        top = max(0, min(bottom - height, picture.height - height))
        self.plates.append((len(self.records) + _AFTER_THE_KIND, pixels))
        self.records += _SHAPE.pack(
            PLATE, 0, 0, 3 * width, left, top, left + width, top + height, *([0] * 10)
        )


class Sheet:
    """Collects shapes with their corners and pixels. Records are bytes here: NumPy takes tens of microseconds
    to put even two arrays of them together, and pictures have a handful of shapes each."""

    def __init__(self) -> None:
        self._records = bytearray()
        self._corners = bytearray()
        self._pixels: list[UInt8Array] = []
        self._pixel_count = 0
        self._starts: dict[int, int] = {}
        """By the identity of arrays, which are kept here."""

    @property
    def count(self) -> int:
        """Shapes so far."""
        return len(self._records) // SHAPE.itemsize

    def add(self, records: Records) -> None:
        """[n] of SHAPE."""
        self._records += records.tobytes()

    def put(self, fragment: Fragment) -> None:
        base = len(self._records)
        self._records += fragment.records
        for at, corners in fragment.areas:
            first = len(self._corners) // CORNER
            self._corners += corners
            _FIRST_AND_LAST.pack_into(self._records, base + at, first, len(self._corners) // CORNER)
        for at, pixels in fragment.plates:
            _FIRST.pack_into(self._records, base + at, self.add_pixels(pixels))

    def add_masks(self, records: Records, masks: UInt8Array) -> None:
        """``masks`` [n, S, S], of a record each."""
        records["first"] = self.add_pixels(masks) + masks.shape[1] * masks.shape[2] * np.arange(len(records))
        self.add(records)

    def add_pixels(self, pixels: UInt8Array) -> int:
        """Where they begin; the very same plate on several pictures is there once."""
        if (known := self._starts.get(id(pixels))) is not None:
            return known
        start = self._starts[id(pixels)] = self._pixel_count
        self._pixels.append(pixels)
        self._pixel_count += pixels.size
        return start

    def shapes(self, ends: list[tuple[int, int, int]]) -> Shapes:
        return Shapes(
            np.frombuffer(self._records, SHAPE),
            ends,
            np.frombuffer(self._corners, np.float32).reshape(-1, 2),
            np.concatenate([pixels.reshape(-1) for pixels in self._pixels])
            if self._pixels
            else np.zeros(0, np.uint8),
        )


def strokes(lines: Int32Array, colours: Float32Array, thickness: int) -> Records:
    """[n] for lines [n, 2, 2] from place to place of ``eighths``; ``colours`` [3] or [n, 3]."""
    records = np.zeros(len(lines), SHAPE)
    records["kind"], records["colour"], records["thickness"] = STROKE, colours, thickness
    records["line"] = (lines / ONE).astype(np.float32).reshape(-1, 4)
    return records


def edged(lines: Int32Array, colour: Colour, thickness: int) -> Records:
    """[2 n] lines [n, 2, 2] in the colour, on broader dark ones."""
    own = jpeg_colours([colour])[0]
    return np.concatenate((strokes(lines, DARK, thickness + 2), strokes(lines, own, thickness)))


def jpeg_pixels(bgr: UInt8Array) -> UInt8Array:
    """[h, w, 3] Y, Cb, Cr of a plate [h, w, 3]."""
    levels = bgr[..., ::-1].astype(np.float64) @ JPEG_OF_RGB[:, :3].T + JPEG_OF_RGB[:, 3]
    pixels: UInt8Array = np.rint(levels).clip(0, 255).astype(np.uint8)
    pixels.flags.writeable = False
    return pixels


@lru_cache(maxsize=4096)
def text_pixels(text: str, colour: Colour, text_size: int, ink: Colour = INK) -> UInt8Array:
    """[h, w, 3] Y, Cb, Cr of a text plate; asked for with every picture."""
    return put_together(
        text,
        text_size,
        margin_of(text_size),
        lambda piece: _letters(piece, colour, text_size, ink),
        lambda width: _room(width, colour, text_size),
    )


@lru_cache(maxsize=4096)
def _letters(text: str, colour: Colour, text_size: int, ink: Colour) -> UInt8Array:
    return jpeg_pixels(letters(text, colour, text_size, ink))


@lru_cache(maxsize=4096)
def _room(width: int, colour: Colour, text_size: int) -> UInt8Array:
    return jpeg_pixels(room(width, colour, text_size))
