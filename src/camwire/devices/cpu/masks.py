"""Masks: each object's pixels, tinted in its class's colour."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from camwire.devices.cpu.palette import colour_of
from camwire.frames import Int32Array, UInt8Array

OPACITY = 0.45
PART = 128
"""From this value on a cell is part of the object."""


def draw_masks(picture: UInt8Array, masks: UInt8Array, corners: Int32Array, classes: Sequence[int]) -> None:
    """``masks`` [N, S, S] as in Tracks, over boxes whose outermost pixels are ``corners`` [N, 4]."""
    for mask, (left, top, right, bottom), class_index in zip(masks, corners.tolist(), classes, strict=True):
        region = picture[top : bottom + 1, left : right + 1]
        size = region.shape[1], region.shape[0]
        if min(size) < 1 or not mask.any():
            continue
        inside = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR) >= PART
        tint = np.array(colour_of(class_index), np.float32) * OPACITY
        tinted = cv2.transform(region, np.column_stack((np.eye(3) * (1 - OPACITY), tint)))
        cv2.copyTo(tinted, inside.view(np.uint8), region)
