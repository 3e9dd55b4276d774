"""Small pictures from the JPEGs that the GPU's encoder made."""

from __future__ import annotations

import cv2
import numpy as np

from camwire.frames import Size


def thumbnail(jpeg: bytes, bound: Size, quality: int) -> tuple[Size, bytes]:
    """The picture fitted into ``bound``, as JPEG, and its size. Raises ValueError for what is no JPEG."""
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_COLOR_2)
    if pixels is None:
        raise ValueError(f"{len(jpeg)} bytes that are no JPEG")
    size = Size(pixels.shape[1], pixels.shape[0]).fitted_into(bound)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    done, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the thumbnail can't be encoded")
    return size, encoded.tobytes()
