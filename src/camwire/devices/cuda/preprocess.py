"""Packing for the preprocess kernel: where frames go in a network's input, and how that is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from camwire.devices.contracts import InputSpec
from camwire.devices.cuda.surfaces import Records, Spot, Surface, fill
from camwire.devices.letterbox import place
from camwire.frames import Batch, Float32Array, Size

TARGET = np.dtype(
    [
        ("step", np.int64, 4),
        ("width", np.int32),
        ("height", np.int32),
        ("gain", np.float32, 3),
        ("bias", np.float32, 3),
        ("bars", np.float32),
        ("reserved", np.int32),
    ]
)
"""``Target`` of kernels/preprocess.cu."""
TILE = Size(64, 32)
"""What a block makes: COLUMNS and ROWS there."""


def target_of(spec: InputSpec, steps: Sequence[int], gain: Sequence[float], bias: Sequence[float]) -> Records:
    """[1] of TARGET; ``steps``: numbers from one frame, channel, row and column to the next."""
    target = np.zeros(1, TARGET)
    target["step"], target["gain"], target["bias"] = steps, gain, bias
    target["width"], target["height"] = spec.size
    target["bars"] = spec.pad_value
    return target


def grid_of(spec: InputSpec, batch: int) -> tuple[int, int, int]:
    """Blocks of the preprocess kernel for ``batch`` frames."""
    return -(-spec.size.width // TILE.width), -(-spec.size.height // TILE.height), batch


def pack(
    table: Records, batch: Batch, surfaces: Sequence[Surface], spec: InputSpec
) -> tuple[Float32Array, Float32Array]:
    """Fill ``table`` of SURFACE; returns scale and offset [B, 2] as ``ModelInput`` has them."""
    frames = batch.frames
    placed = [
        _placed(surface.size, frame.size, spec) for surface, frame in zip(surfaces, frames, strict=True)
    ]
    fill(table, surfaces, [spot for spot, _, _ in placed], spec.channels)
    scale, offset = [scale for _, scale, _ in placed], [offset for _, _, offset in placed]
    return np.array(scale, np.float32), np.array(offset, np.float32)


@lru_cache(maxsize=4096)
def _placed(
    source: Size, picture: Size, spec: InputSpec
) -> tuple[Spot, tuple[float, float], tuple[float, float]]:
    """Where a surface goes, and its scale and offset: the same in all frames of a camera."""
    placement = place(source, spec)
    spot = Spot(placement.left, placement.top, placement.size)
    return spot, placement.scale_from(picture), (spot.left, spot.top)
