"""Other analytics' signs and their remarks on objects, for the draw kernel."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import numpy as np

from camwire.devices.annotations import BACKGROUND, Annotation, opposite
from camwire.devices.cpu.labels import remark_plate
from camwire.devices.cpu.lines import eighths
from camwire.devices.cpu.palette import PALETTE, Style
from camwire.devices.cuda.scene import jpeg_colours
from camwire.devices.cuda.sheet import Fragment, Sheet, jpeg_pixels, strokes, text_pixels
from camwire.devices.cuda.surfaces import Records
from camwire.frames import Float32Array, Int32Array, Size, UInt8Array

OPPOSITES: Float32Array = jpeg_colours([opposite(colour) for colour in PALETTE])


def add_signs(sheet: Sheet, annotation: Annotation, toggles: Collection[str]) -> None:
    """The signs whose toggle is on; ``annotation`` is in the picture's own pixels."""
    signs = [sign for sign in annotation.signs if sign.toggle in toggles]
    for sign in signs:
        lines = eighths(np.array(sign.strokes, np.float64).reshape(-1, 2, 2))
        sheet.add(strokes(lines, jpeg_colours([sign.colour[::-1]])[0], annotation.line_width))
    texts = Fragment()
    for sign in signs:
        if sign.text:
            plate = text_pixels(sign.text, BACKGROUND, annotation.text_size, sign.colour[::-1])
            texts.add_plate(plate, sign.place[0], sign.place[1] + len(plate), annotation.size)
    sheet.put(texts)


def add_remarks(
    sheet: Sheet, annotation: Annotation, objects: Records, classes: Int32Array, style: Style, size: Size
) -> None:
    """Put remarks at the end of the labels of a frame's ``objects``, and give boxes the opposite colour."""
    for row, remark in annotation.remarks.items():
        pixels = _remark(remark.strip(), int(classes[row]), style.text)
        label, own = objects[row : row + 1], int(objects["label_right"][row] - objects["label_left"][row])
        width = own + pixels.shape[1]
        left = np.maximum(0, np.minimum(label["left"], size.width - width))
        label["label_left"], label["label_right"] = left, left + width
        label["remark"], label["remark_left"] = sheet.add_pixels(pixels), own
    inverted = sorted(annotation.inverted)
    objects["box_colour"][inverted] = OPPOSITES[classes[inverted] % len(OPPOSITES)]


@lru_cache(maxsize=4096)
def _remark(remark: str, class_index: int, text_size: int) -> UInt8Array:
    return jpeg_pixels(remark_plate(remark, class_index, text_size))
