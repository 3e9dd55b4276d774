"""The glyph atlas: letters drawn once with OpenCV, from which the draw kernel puts labels together.

A label reads ``name #id score``. The part up to the ``#`` is one glyph a class; digits all have the same
width, so the kernel finds a pixel's digit by dividing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camwire.devices.cpu.typeface import advance_of, height_of, margin_of, write
from camwire.frames import UInt8Array

OVERHANG = 4
"""Columns kept behind a glyph's own width: letters may reach into the next one's room."""

GLYPH = np.dtype([("start", np.int32), ("columns", np.int32), ("advance", np.int32)])
"""``Glyph`` of kernels/scene.cuh: first byte in the coverage, stored columns, pixels to the next glyph."""


@dataclass(frozen=True, slots=True)
class Letters:
    """Glyphs of one text size."""

    height: int
    """Rows of every glyph, and of a label."""
    margin: int
    """Pixels before a label's name."""
    gap: int
    """Pixels behind the id and behind the score."""
    coverage: UInt8Array
    """Bytes; a glyph's rows lie at its ``start``, one after the other."""
    glyphs: NDArray[np.void]
    """[classes + 11] of GLYPH: ``name #`` of each class, the digits, the full stop."""

    @property
    def digit_width(self) -> int:
        return int(self.glyphs["advance"][-11])

    @property
    def stop_width(self) -> int:
        return int(self.glyphs["advance"][-1])

    def label_widths(self, names: NDArray[np.intp], digits: NDArray[np.int32]) -> NDArray[np.int32]:
        """[N] pixels from the left edge of labels to their right, for class indices and lengths of ids."""
        score = 3 * self.digit_width + self.stop_width + 1
        own = self.glyphs["advance"][names] + digits * self.digit_width + 1
        return (self.margin + own + self.gap + score + self.gap).astype(np.int32)


def draw_letters(class_names: Sequence[str], text_size: int) -> Letters:
    """Draw all glyphs; takes about a millisecond a class."""
    texts = [*(f"{name} #" for name in class_names), *"0123456789."]
    parts, rows, start = [], [], 0
    for text in texts:
        pixels, advance = _glyph(text, text_size)
        rows.append((start, pixels.shape[1], advance))
        parts.append(pixels.ravel())
        start += pixels.size
    padding = margin_of(text_size)
    return Letters(height_of(text_size), padding, padding, np.concatenate(parts), np.array(rows, GLYPH))


def _glyph(text: str, size: int) -> tuple[UInt8Array, int]:
    advance = advance_of(text, size)
    canvas = np.zeros((height_of(size), advance + OVERHANG, 3), np.uint8)
    write(canvas, text, (255, 255, 255), size)
    return canvas[..., 0], advance
