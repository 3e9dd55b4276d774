"""What analytics other than camwire's own rules want drawn on a frame: shapes, texts and remarks on objects.

Plain values, so that every renderer draws the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from camwire.frames import Frame, Size

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""
Stroke = tuple[int, int, int, int]
"""From x, y to x, y; pixels as OpenCV counts them, (0, 0) the upper left one."""

BACKGROUND: Colour = (0, 0, 0)
"""Behind texts."""
LEAST_TEXT_SIZE = 6
"""Pixels; smaller letters can't be read."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Strokes of one colour, and a text in that colour on black."""

    toggle: str
    """By which it is switched."""
    colour: Colour
    strokes: tuple[Stroke, ...]
    text: str
    place: tuple[int, int]
    """The text's upper left corner."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Everything for one frame, in pixels of a picture of ``size``."""

    size: Size
    signs: tuple[Sign, ...]
    line_width: int
    text_size: int
    """The letters' size in pixels, as fonts count it."""
    remarks: Mapping[int, str] = field(default_factory=dict)
    """Texts to stand in an object's label after its score, by its place among the frame's objects."""
    inverted: frozenset[int] = frozenset()
    """Places of the objects whose box is drawn in the opposite colour."""

    def scaled_to(self, size: Size) -> Annotation:
        """The same for a picture of another size, a thumbnail for example."""
        if size == self.size:
            return self
        x, y = size.width / self.size.width, size.height / self.size.height
        signs = tuple(
            replace(
                sign,
                strokes=tuple(
                    (int(x1 * x), int(y1 * y), int(x2 * x), int(y2 * y)) for x1, y1, x2, y2 in sign.strokes
                ),
                place=(int(sign.place[0] * x), int(sign.place[1] * y)),
            )
            for sign in self.signs
        )
        return replace(
            self,
            size=size,
            signs=signs,
            line_width=max(1, round(self.line_width * min(x, y))),
            text_size=max(LEAST_TEXT_SIZE, round(self.text_size * min(x, y))),
        )


Annotator = Callable[[Frame], Annotation | None]
"""What is to be drawn on a frame besides camwire's own; None: nothing."""


def opposite(colour: Colour) -> Colour:
    """The colour that makes white with this one."""
    first, second, third = colour
    return 255 - first, 255 - second, 255 - third
