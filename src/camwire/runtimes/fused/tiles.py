"""How a convolution is cut into pieces: what each program of the grid makes, and in which steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

BYTES = 2
"""Of a number in half precision."""
LEAST = 16
"""Of a side of a matrix that tensor cores multiply."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """What a program of the grid makes, all powers of two."""

    pixels: int
    channels: int
    depth: int
    """Products that are summed up in a step."""
    warps: int
    stages: int
    """Steps under way at once: while one is summed up, the next ones are fetched."""

    @property
    def shared(self) -> int:
        """Bytes of shared memory."""
        return (self.pixels + self.channels) * self.depth * self.stages * BYTES


def tiles_for(sources: Sequence[int], out: int, side: int, stride: int, shared: int) -> Tiles:
    """For a convolution of so many ``side``×``side`` pixels, from channels in each of ``sources`` to ``out``.

    ``shared``: bytes of shared memory that a program may have. What is fastest was measured for the layers of
    YOLO11s on an H100 (docs/performance.md); for none of them is it more than a sixth slower than the best.
    """
    return _fitting(_fastest(_depth(sources, side), out, side, stride), shared)


def _fastest(depth: int, out: int, side: int, stride: int) -> Tiles:
    channels = min(max(1 << (out - 1).bit_length(), LEAST), 128)
    if side == 1:
        return Tiles(64, channels, depth, warps=4, stages=3)
    if stride > 1 and out >= 256:
        return Tiles(128, 256, depth, warps=8, stages=3)
    if channels == 128:
        return Tiles(64, channels, depth, warps=8 if stride == 1 else 4, stages=3)
    if channels == 64:
        return Tiles(128, channels, depth, warps=8, stages=3 if depth == 64 else 4)
    if channels == 32:
        return Tiles(256, channels, depth, warps=8 if stride == 1 else 4, stages=3)
    return Tiles(128, channels, depth, warps=4, stages=4)


def _depth(sources: Sequence[int], side: int) -> int:
    """A step stays within a source; within a pixel, too, where its channels allow that."""
    for depth in (64, 32, LEAST):
        if all(channels % depth == 0 for channels in sources):
            break
    return depth if side == 1 else max(depth, 32)


def _fitting(tiles: Tiles, shared: int) -> Tiles:
    while tiles.shared > shared:
        if tiles.stages > 2:
            tiles = replace(tiles, stages=tiles.stages - 1)
        elif tiles.channels > LEAST:
            tiles = replace(tiles, channels=tiles.channels // 2)
        else:
            tiles = replace(tiles, pixels=tiles.pixels // 2)
    return tiles
