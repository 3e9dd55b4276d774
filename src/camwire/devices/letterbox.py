"""Where a picture lies in a model's input."""

from __future__ import annotations

from dataclasses import dataclass

from camwire.devices.contracts import InputSpec
from camwire.frames import Size


@dataclass(frozen=True, slots=True)
class Placement:
    """The rectangle of whole input pixels that a picture fills; bars are around it."""

    left: int
    top: int
    size: Size

    @property
    def rows(self) -> slice:
        return slice(self.top, self.top + self.size.height)

    @property
    def columns(self) -> slice:
        return slice(self.left, self.left + self.size.width)

    def scale_from(self, picture: Size) -> tuple[float, float]:
        """Input pixels a picture pixel, for x and y, when the picture is measured in ``picture``'s pixels."""
        return self.size.width / picture.width, self.size.height / picture.height


def place(source: Size, spec: InputSpec) -> Placement:
    """The largest rectangle of ``source``'s aspect in the model's input; all of it when no aspect is kept.

    Sides are rounded to whole pixels, at least 1; the scale is what this rounding makes of it, for x and y
    apart, so that going back and forth is exact.
    """
    if not spec.keep_aspect:
        return Placement(0, 0, spec.size)
    ratio = min(spec.size.width / source.width, spec.size.height / source.height)
    size = Size(*(max(1, round(side * ratio)) for side in source))
    if not spec.centred:
        return Placement(0, 0, size)
    return Placement((spec.size.width - size.width) // 2, (spec.size.height - size.height) // 2, size)
