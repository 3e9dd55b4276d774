"""How large a batch is fed to a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from camwire.devices.contracts import InputSpec
from camwire.frames import Size

COMMON = Size(1920, 1080)
"""The shape of picture for which a model is made ready before the first camera."""


def input_for(largest: InputSpec, step: int | None, pictures: Sequence[Size]) -> InputSpec:
    """What to feed for a batch of pictures of these sizes.

    ``largest`` where ``step`` is None or the model wants pictures stretched; otherwise only as large, in
    multiples of ``step``, as the pictures need at the scale that they have in the largest input, because bars
    are work for nothing: 640×384 in place of 640×640 for 16:9.
    """
    if step is None or not largest.keep_aspect:
        return largest
    needed = [_needed(picture, largest.size, step) for picture in pictures]
    return replace(largest, size=Size(*(max(sides) for sides in zip(*needed, strict=True))))


def _needed(picture: Size, largest: Size, step: int) -> Size:
    """The smallest size on the grid that holds ``picture`` at the scale that fits it into ``largest``."""
    ratio = min(largest.width / picture.width, largest.height / picture.height)
    cells = (math.ceil(side * ratio / step - 1e-9) for side in picture)
    return Size(*(min(most, max(1, count) * step) for count, most in zip(cells, largest, strict=True)))
