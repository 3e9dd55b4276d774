"""What may be fed to a runtime."""

from __future__ import annotations

import numpy as np

from camwire.frames import UInt8Array
from camwire.models.contract import Graph


def check_pixels(pixels: UInt8Array, graph: Graph, step: int | None) -> None:
    """Raises ValueError unless ``pixels`` are as ``Runtime.infer`` says."""
    largest = graph.input.size
    found = pixels.shape[2:0:-1]
    fits = found == largest or (
        step is not None
        and all(0 < side <= most and side % step == 0 for side, most in zip(found, largest, strict=True))
    )
    if not fits or pixels.shape[3:] != (3,) or pixels.dtype != np.uint8 or not len(pixels):
        smaller = f", or H and W smaller multiples of {step}" if step else ""
        wanted = f"uint8[B, {largest.height}, {largest.width}, 3]{smaller}"
        raise ValueError(f"pixels are {pixels.dtype}{list(pixels.shape)}; wanted: {wanted}")
