"""What is to be drawn on a batch's pictures, packed for the draw kernel. Runs per batch, not per box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from camwire.devices.contracts import Overlay
from camwire.devices.cpu.palette import INK, PALETTE, Style
from camwire.devices.cuda.colours import JPEG_OF_RGB
from camwire.devices.cuda.letters import Letters
from camwire.devices.cuda.surfaces import SURFACE, Records
from camwire.frames import BoolArray, Float32Array, Int32Array, Size, Tracks, starts_of

PICTURE = np.dtype(
    [
        ("surface", SURFACE),
        *((name, np.uint64) for name in ("y", "u", "v")),
        *(
            (name, np.int32)
            for name in (
                "y_pitch",
                "c_pitch",
                "width",
                "height",
                "first",
                "last",
                "line",
                "text_height",
                "margin",
                "gap",
            )
        ),
        ("letters", np.uint64),
        ("glyphs", np.uint64),
        ("classes", np.int32),
        ("layers", np.int32),
        *((name, np.int32) for name in ("shapes", "upper_shapes", "shapes_end", "reserved")),
        ("luma_step", np.float32, 2),
        ("chroma_step", np.float32, 2),
        ("marks", np.uint64),
        *((name, np.int32) for name in ("object_words", "shape_words", "object_shift", "shape_shift")),
    ]
)
"""``Picture`` of kernels/scene.cuh."""

OBJECT = np.dtype(
    [
        *((name, np.int32) for name in ("left", "top", "right", "bottom")),
        *((name, np.int32) for name in ("label_left", "label_top", "label_right", "remark_left")),
        ("colour", np.float32, 3),
        ("remark", np.int32),
        ("box_colour", np.float32, 3),
        ("rank", np.int32),
        ("id", np.uint64),
        *((name, np.int32) for name in ("name", "digits", "hundredths")),
        ("reserved", np.int32, 3),
    ]
)
"""``Object`` of kernels/scene.cuh."""

PREPARED = 144
"""Bytes of ``Prepared`` of kernels/scene.cuh: what kernels work out of an object before anything is drawn."""

GLYPH_COUNT_BEYOND_CLASSES = 11
"""The ten digits and the full stop."""

LAYERS = ("traces", "boxes", "labels")
"""Toggles, from the lowest layer up."""

_POWERS = 10 ** np.arange(1, 19, dtype=np.int64)


def jpeg_colours(bgr: Sequence[tuple[int, int, int]]) -> Float32Array:
    """[n, 3] Y, Cb, Cr of colours given as blue, green, red."""
    rgb = np.array(bgr, np.float64)[:, ::-1]
    return (rgb @ JPEG_OF_RGB[:, :3].T + JPEG_OF_RGB[:, 3]).astype(np.float32)


COLOURS: Float32Array = jpeg_colours(PALETTE)
DARK: Float32Array = jpeg_colours([INK])[0]


class Addressed(Protocol):
    """Something in the kernels' memory; keeping it keeps that memory."""

    @property
    def address(self) -> int: ...


class Looks(NamedTuple):
    """How things are drawn on pictures of one size."""

    style: Style
    letters: Letters
    coverage: Addressed
    """The letters' coverage ..."""
    glyphs: Addressed
    """... and the glyphs, where the kernel reads them."""


def layer_bits(toggles: frozenset[str]) -> int:
    return sum(1 << bit for bit, name in enumerate(LAYERS) if name in toggles)


def pack_pictures(
    pictures: Records,
    sizes: Sequence[Size],
    chosen: Sequence[int],
    tracks: Tracks,
    overlay: Overlay,
    looks: Mapping[Size, Looks],
) -> None:
    """Fill ``pictures`` [len(chosen)] of PICTURE, but for the surfaces, the planes, the shapes and the marks.

    ``sizes``: of all frames of the batch.
    """
    starts = starts_of(tracks.frame_index, len(sizes))
    chosen_rows = np.asarray(chosen, np.intp)
    pictures["first"], pictures["last"] = starts[chosen_rows], starts[chosen_rows + 1]
    pictures["layers"], pictures["classes"] = layer_bits(overlay.toggles), len(overlay.class_names)
    own = np.array([sizes[index] for index in chosen], np.int32).reshape(-1, 2)
    for size in {sizes[index] for index in chosen}:
        look = looks[size]
        rows, letters = (own == size).all(axis=1), look.letters
        pictures["width"][rows], pictures["height"][rows] = size
        pictures["line"][rows], pictures["text_height"][rows] = look.style.line, letters.height
        pictures["margin"][rows], pictures["gap"][rows] = letters.margin, letters.gap
        pictures["letters"][rows], pictures["glyphs"][rows] = look.coverage.address, look.glyphs.address


def pack_steps(pictures: Records) -> None:
    """How the surfaces are scaled, when both they and the pictures' sizes are known."""
    for axis, side in enumerate(("width", "height")):
        source, target = pictures["surface"][side], pictures[side].astype(np.float32)
        pictures["luma_step"][:, axis] = source.astype(np.float32) / target
        pictures["chroma_step"][:, axis] = ((source + 1) // 2).astype(np.float32) / (target / 2)


@lru_cache(maxsize=16)
def objects_by_class(count: int) -> Records:
    """[count] of OBJECT: what all objects of a class have in common."""
    objects, classes = np.zeros(count, OBJECT), np.arange(count)
    objects["name"], objects["rank"] = classes, classes % len(COLOURS)
    objects["colour"] = objects["box_colour"] = COLOURS[classes % len(COLOURS)]
    objects.flags.writeable = False
    return objects


def pack_objects(
    sizes: Sequence[Size], tracks: Tracks, class_count: int, looks: Mapping[Size, Looks]
) -> Records:
    """[len(tracks)] of OBJECT."""
    objects = objects_by_class(class_count).take(tracks.classes)
    rooms = np.array(sizes, np.int32).T.take(tracks.frame_index, axis=1)
    _pack_boxes(objects, rooms, tracks)
    _pack_labels(objects, rooms, sizes, tracks, looks)
    if tracks.corners is not None:
        _leave_out(objects, np.asarray(np.isfinite(tracks.corners).all(axis=(1, 2))))
    return objects


def _pack_boxes(objects: Records, rooms: Int32Array, tracks: Tracks) -> None:
    """The outermost pixels, inclusive, inside the picture of ``rooms`` [2, N], as the CPU draws them."""
    corners = np.ascontiguousarray(tracks.boxes.T)  # long rows are fast
    limits = rooms.astype(np.float32) - 1
    first = np.minimum(np.maximum(np.floor(corners[:2]), 0), limits)
    last = np.minimum(np.maximum(np.ceil(corners[2:]) - 1, 0), limits)
    objects["left"], objects["top"] = first
    objects["right"], objects["bottom"] = last


def _leave_out(objects: Records, rows: BoolArray) -> None:
    """Boxes that are drawn turned, as shapes: their upright ones are put where no picture is."""
    objects["right"][rows] = objects["bottom"][rows] = -(1 << 20)


def _pack_labels(
    objects: Records, rooms: Int32Array, sizes: Sequence[Size], tracks: Tracks, looks: Mapping[Size, Looks]
) -> None:
    """A plate on each box's upper edge, moved to be inside the picture of ``rooms`` [2, N]."""
    digits = (np.searchsorted(_POWERS, tracks.ids, side="right") + 1).astype(np.int32)
    objects["id"], objects["digits"] = tracks.ids, digits
    # The score's digits are those of Python's .2f, which rounds the exact binary value.
    objects["hundredths"] = np.rint(tracks.scores.astype(np.float64) * 100)
    names = tracks.classes.astype(np.intp)
    by_frame = [looks[size].letters for size in sizes]
    different = {id(one): one for one in by_frame}.values()
    heights = np.array([letters.height for letters in by_frame], np.int32).take(tracks.frame_index)
    if len(different) == 1:
        widths = by_frame[0].label_widths(names, digits)
    else:
        widths = np.empty(len(tracks), np.int32)
        for letters in different:
            rows = np.array([one is letters for one in by_frame]).take(tracks.frame_index)
            widths[rows] = letters.label_widths(names[rows], digits[rows])
    left = np.maximum(0, np.minimum(objects["left"], rooms[0] - widths))
    objects["label_left"], objects["label_right"] = left, left + widths
    objects["remark_left"] = widths
    objects["label_top"] = np.maximum(0, np.minimum(objects["top"] - heights, rooms[1] - heights))
