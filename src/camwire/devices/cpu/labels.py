"""Plates with a class, an id and a score, put together of pieces that were drawn once, and pasted many times.

A label is two plates side by side: the name and id, which an object keeps while it is seen, and the score,
of which there are only a hundred. Both are remembered, so that a label costs two copies of a few hundred
pixels instead of drawing its letters again.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache

import cv2
import numpy as np

from camwire.devices.cpu.palette import INK, Colour, colour_of
from camwire.frames import UInt8Array

REMEMBERED_PLATES = 4096
"""About 5 kB each at 1280×720."""

SEMIBOLD = 600
_PIECE = re.compile(r"\d\d?|\D+")

_font = cv2.FontFace("sans")
_font_lock = threading.Lock()  # a FontFace keeps state while it draws


def name_plate(name: str, track_id: int, class_index: int, text_size: int) -> UInt8Array:
    """``name #id`` on the class's colour, [h, w, 3] BGR; the height depends on ``text_size`` alone."""
    return _plate(f"{name} #{track_id}", colour_of(class_index), text_size, room_before(text_size))


def score_plate(score: float, class_index: int, text_size: int) -> UInt8Array:
    """The score with two digits, made to stand to the right of a name plate."""
    return _plate(f"{score:.2f}", colour_of(class_index), text_size, 0)


def text_plate(text: str, colour: Colour, text_size: int, ink: Colour = INK) -> UInt8Array:
    """Any text on a colour."""
    return _plate(text, colour, text_size, room_before(text_size), ink)


def remark_plate(remark: str, class_index: int, text_size: int) -> UInt8Array:
    """What analytics say of an object, made to stand to the right of a score plate."""
    return _plate(remark, colour_of(class_index), text_size, 0)


@lru_cache(maxsize=REMEMBERED_PLATES)
def _plate(text: str, colour: Colour, size: int, margin: int, ink: Colour = INK) -> UInt8Array:
    """``text`` with ``margin`` pixels of room before it and a fixed room after it."""
    pieces = [letters(piece, colour, size, ink) for piece in pieces_of(text)]
    before, after = (room(width, colour, size) for width in (margin, room_after(size)))
    plate = np.concatenate((before, *pieces, after), axis=1)
    plate.flags.writeable = False
    return plate


def pieces_of(text: str) -> list[str]:
    """Digits in pairs and what is between them: counts and ids change, and their digits are there already."""
    return _PIECE.findall(text)


@lru_cache(maxsize=REMEMBERED_PLATES)
def letters(text: str, colour: Colour, size: int, ink: Colour = INK) -> UInt8Array:
    """[h, w, 3]: ``text`` without room around it, as wide as it moves on by, so that others can follow."""
    # Ascenders reach 0.75 and descenders 0.25 of the font's size; the rest is room around them.
    height = size * 3 // 2
    with _font_lock:
        # OpenCV counts a pixel more than the text moves on by.
        width = cv2.getTextSize((0, 0), text, (0, 0), _font, size, SEMIBOLD)[2] - 1
        piece = room(max(0, width), colour, size).copy()
        if piece.size:  # some characters take no room
            cv2.putText(piece, text, (0, (height + size * 7 // 10) // 2), ink, _font, size, SEMIBOLD)
    piece.flags.writeable = False
    return piece


@lru_cache(maxsize=REMEMBERED_PLATES)
def room(width: int, colour: Colour, size: int) -> UInt8Array:
    """[h, ``width``, 3] of nothing but the colour."""
    empty = np.full((size * 3 // 2, width, 3), colour, np.uint8)
    empty.flags.writeable = False
    return empty


def room_before(size: int) -> int:
    """Pixels between a plate's left edge and its text, where it stands alone or first."""
    return size * 2 // 5


def room_after(size: int) -> int:
    """Pixels between a text and its plate's right edge."""
    return size * 2 // 5 + 1


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
