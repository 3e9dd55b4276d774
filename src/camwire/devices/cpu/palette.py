"""Colours of classes, and how big lines and letters are on a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

from camwire.frames import Size

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255."""

PALETTE: tuple[Colour, ...] = tuple(
    (rgb & 0xFF, rgb >> 8 & 0xFF, rgb >> 16)
    for rgb in (0x77AADD, 0xEE8866, 0x44BB99, 0xEEDD88, 0xFFAABB, 0x99DDFF, 0xBBCC33, 0xDDDDDD)
)
"""Paul Tol's "light" scheme (https://personal.sron.nl/~pault): told apart by colour-blind people, and each
light enough for dark letters."""

INK: Colour = (28, 22, 18)
"""Letters, and the thin edge that lifts a line off a bright background."""


def colour_of(class_index: int) -> Colour:
    """The same class has the same colour on every camera and in every run."""
    return PALETTE[class_index % len(PALETTE)]


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes in pixels."""

    line: int
    text: int

    @staticmethod
    @lru_cache(maxsize=256)
    def for_size(size: Size) -> Style:
        """Sizes that look alike on every picture, never so small that they vanish."""
        unit = sqrt(size.width * size.height) / 960  # 1 at 1280×720
        return Style(line=max(1, round(2 * unit)), text=max(12, round(17 * unit)))
