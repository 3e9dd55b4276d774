"""JPEG through OpenCV's libjpeg-turbo, which is as fast as any encoder tried and lets other threads run."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from camwire.cores import computing
from camwire.frames import UInt8Array


class CpuEncoder:
    """Implements :class:`camwire.devices.contracts.Encoder`."""

    def __call__(self, pictures: Sequence[UInt8Array], quality: int) -> list[bytes]:
        """A JPEG (4:2:0) of each [H, W, 3] BGR picture; ``quality`` is 1 to 100."""
        with computing:
            return [_jpeg(picture, quality) for picture in pictures]


def _jpeg(picture: UInt8Array, quality: int) -> bytes:
    _, encoded = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return encoded.tobytes()
