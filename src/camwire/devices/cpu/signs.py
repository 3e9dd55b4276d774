"""Shapes and texts of analytics other than camwire's own rules."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from camwire.devices.annotations import BACKGROUND, Annotation
from camwire.devices.cpu.labels import paste, text_plate
from camwire.devices.cpu.lines import draw_lines, eighths
from camwire.frames import UInt8Array


def draw_signs(picture: UInt8Array, annotation: Annotation, toggles: Collection[str]) -> None:
    """Draw the signs whose toggle is on; ``annotation`` is in the picture's own pixels.

    All texts lie above all strokes. One that would leave the picture is moved into it.
    """
    signs = [sign for sign in annotation.signs if sign.toggle in toggles]
    for sign in signs:
        lines = eighths(np.array(sign.strokes, np.float64).reshape(-1, 2, 2))
        draw_lines(picture, list(lines), sign.colour[::-1], annotation.line_width)
    for sign in signs:
        if not sign.text:
            continue
        plate = text_plate(sign.text, BACKGROUND, annotation.text_size, sign.colour[::-1])
        left, top = sign.place
        paste(picture, (plate,), left, top + plate.shape[0])
