"""Shapes and texts of analytics other than camwire's own rules."""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np

from camwire.devices.annotations import BACKGROUND, Annotation
from camwire.devices.cpu.labels import paste, text_plate
from camwire.devices.cpu.zones import FARTHEST
from camwire.frames import UInt8Array


def draw_signs(picture: UInt8Array, annotation: Annotation, toggles: Collection[str]) -> None:
    """Draw the signs whose toggle is on; ``annotation`` is in the picture's own pixels.

    All texts lie above all strokes. One that would leave the picture is moved into it.
    """
    signs = [sign for sign in annotation.signs if sign.toggle in toggles]
    for sign in signs:
        lines = np.array(sign.strokes, np.float64).reshape(-1, 2, 2).clip(-FARTHEST, FARTHEST)
        cv2.polylines(
            picture, list(lines.astype(np.int32)), False, sign.colour[::-1], annotation.line_width, cv2.LINE_8
        )
    for sign in signs:
        if not sign.text:
            continue
        plate = text_plate(sign.text, BACKGROUND, annotation.text_size, sign.colour[::-1])
        left, top = sign.place
        paste(picture, (plate,), left, top + plate.shape[0])
