"""The typeface of all that is written on pictures, on CPUs and on GPUs."""

from __future__ import annotations

import threading

import cv2

from camwire.devices.cpu.palette import Colour
from camwire.frames import UInt8Array

SEMIBOLD = 600

_font = cv2.FontFace("sans")
_font_lock = threading.Lock()  # a FontFace keeps state while it draws


def height_of(size: int) -> int:
    """Rows of a line of text: ascenders reach 0.75 and descenders 0.25 of its size, the rest is room around
    them."""
    return size * 3 // 2


def margin_of(size: int) -> int:
    """Columns of room before and behind a text."""
    return size * 2 // 5


def advance_of(text: str, size: int) -> int:
    """Columns that a text moves on by; some characters take none."""
    with _font_lock:
        # OpenCV counts one more.
        return max(0, cv2.getTextSize((0, 0), text, (0, 0), _font, size, SEMIBOLD)[2] - 1)


def write(picture: UInt8Array, text: str, ink: Colour, size: int) -> None:
    """Draw a text from the left edge of a picture [``height_of(size)``, w, 3] on."""
    baseline = (height_of(size) + size * 7 // 10) // 2
    with _font_lock:
        if picture.size:
            cv2.putText(picture, text, (0, baseline), ink, _font, size, SEMIBOLD)
