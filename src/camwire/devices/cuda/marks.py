"""The tables in which kernels mark what touches each tile of a picture, before another draws the tiles."""

from __future__ import annotations

import numpy as np

from camwire.devices.cuda.scene import LAYERS
from camwire.devices.cuda.surfaces import Records
from camwire.frames import Size

TILE = Size(64, 16)
"""Pixels that a block draws (kernels/tile.cuh)."""
MOST_OBJECT_WORDS, MOST_SHAPE_WORDS = 32, 64
"""A tile and kind of thing, at most (kernels/marks.cuh): with more things a bit is for several of them."""
BITS, BYTES = 32, 4
"""Of a word."""


def pack_marks(pictures: Records) -> int:
    """Lay out the pictures' tables one behind the other; returns the bytes of all.

    ``pictures`` [n] of PICTURE, whose objects and shapes are known. ``marks`` is counted from where the first
    table begins. All tables have room for what is on the fullest picture.
    """
    object_words, object_shift = words_for(most(pictures, "first", "last"), MOST_OBJECT_WORDS)
    shape_words, shape_shift = words_for(most(pictures, "shapes", "shapes_end"), MOST_SHAPE_WORDS)
    pictures["object_words"], pictures["object_shift"] = object_words, object_shift
    pictures["shape_words"], pictures["shape_shift"] = shape_words, shape_shift
    # Objects have a bit in each layer; shapes one among strokes and one among the rest.
    words = len(LAYERS) * object_words + 2 * shape_words
    columns, rows = -(-pictures["width"] // TILE.width), -(-pictures["height"] // TILE.height)
    ends = np.cumsum(columns * rows, dtype=np.int64) * (words * BYTES)
    pictures["marks"][1:] = ends[:-1]
    return int(ends[-1]) if len(ends) else 0


def most(pictures: Records, first: str, end: str) -> int:
    """How many things there are on the fullest picture."""
    return int((pictures[end] - pictures[first]).max(initial=0))


def words_for(count: int, limit: int) -> tuple[int, int]:
    """How many words so many things take, and 2 to the power of what of them a bit is for."""
    shift = max(0, (count - 1) // (limit * BITS)).bit_length()
    return -(-count // (BITS << shift)), shift
