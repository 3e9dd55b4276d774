"""Plates with a class, an id and a score, put together of pieces that were drawn once, and pasted many times.

A label is two plates side by side: the name and id, which an object keeps while it is seen, and the score,
of which there are only a hundred. Both are remembered, so that a label costs two copies of a few hundred
pixels instead of drawing its letters again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from camwire.devices.cpu.palette import INK, Colour, colour_of
from camwire.devices.cpu.typeface import advance_of, height_of, margin_of, write
from camwire.frames import UInt8Array

REMEMBERED_PLATES = 4096
"""About 5 kB each at 1280×720."""

_PIECE = re.compile(r"\d\d?|\D+")


def name_plate(name: str, track_id: int, class_index: int, text_size: int) -> UInt8Array:
    """``name #id`` on the class's colour, [h, w, 3] BGR; the height depends on ``text_size`` alone."""
    return _plate(f"{name} #{track_id}", colour_of(class_index), text_size, margin_of(text_size))


def score_plate(score: float, class_index: int, text_size: int) -> UInt8Array:
    """The score with two digits, made to stand to the right of a name plate."""
    return _plate(f"{score:.2f}", colour_of(class_index), text_size, 0)


def text_plate(text: str, colour: Colour, text_size: int, ink: Colour = INK) -> UInt8Array:
    """Any text on a colour."""
    return _plate(text, colour, text_size, margin_of(text_size), ink)


def remark_plate(remark: str, class_index: int, text_size: int) -> UInt8Array:
    """What analytics say of an object, made to stand to the right of a score plate."""
    return _plate(remark, colour_of(class_index), text_size, 0)


@lru_cache(maxsize=REMEMBERED_PLATES)
def _plate(text: str, colour: Colour, size: int, margin: int, ink: Colour = INK) -> UInt8Array:
    """``text`` with ``margin`` pixels of room before it and a fixed room after it."""
    return put_together(
        text, size, margin, lambda piece: letters(piece, colour, size, ink), lambda w: room(w, colour, size)
    )


def put_together(
    text: str,
    size: int,
    margin: int,
    letters_of: Callable[[str], UInt8Array],
    room_of: Callable[[int], UInt8Array],
) -> UInt8Array:
    """A plate [h, w, 3] of the letters of each piece of ``text``, ``margin`` pixels of room before them and a
    fixed room after them. ``room_of`` takes a width."""
    pieces = map(letters_of, pieces_of(text))
    plate = np.concatenate((room_of(margin), *pieces, room_of(margin_of(size) + 1)), axis=1)
    plate.flags.writeable = False
    return plate


def pieces_of(text: str) -> list[str]:
    """Digits in pairs and what is between them: counts and ids change, and their digits are there already."""
    return _PIECE.findall(text)


@lru_cache(maxsize=REMEMBERED_PLATES)
def letters(text: str, colour: Colour, size: int, ink: Colour = INK) -> UInt8Array:
    """[h, w, 3]: ``text`` without room around it, as wide as it moves on by, so that others can follow."""
    piece = room(advance_of(text, size), colour, size).copy()
    write(piece, text, ink, size)
    piece.flags.writeable = False
    return piece


@lru_cache(maxsize=REMEMBERED_PLATES)
def room(width: int, colour: Colour, size: int) -> UInt8Array:
    """[h, ``width``, 3] of nothing but the colour."""
    empty = np.full((height_of(size), width, 3), colour, np.uint8)
    empty.flags.writeable = False
    return empty


def paste(picture: UInt8Array, plates: tuple[UInt8Array, ...], left: int, bottom: int) -> None:
    """Put ``plates`` side by side, their lower left corner at ``left``, ``bottom``, moved to be inside.

    What is wider or higher than the whole picture is cut off at the right and the bottom.
    """
    height, width = picture.shape[:2]
    top = max(0, min(bottom - plates[0].shape[0], height - plates[0].shape[0]))
    left = max(0, min(left, width - sum(plate.shape[1] for plate in plates)))
    for plate in plates:
        target = picture[top : top + plate.shape[0], left : left + plate.shape[1]]
        target[:] = plate[: target.shape[0], : target.shape[1]]
        left += plate.shape[1]
