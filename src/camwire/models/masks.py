"""From prototypes and weights to a small picture of each object's mask.

Bolya et al., "YOLACT: Real-time Instance Segmentation", ICCV 2019 (arXiv:1904.02689): an object's mask is the
sigmoid of the weighted sum of a frame's prototypes, cut to the object's box.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Float32Array, Int32Array, Size, UInt8Array

SIDE = 64
"""Cells of a mask's raster a side."""


@dataclass(frozen=True, slots=True)
class RawMasks:
    """Masks as segmentation models state them: sums of prototypes, each row with weights of its own."""

    weights: Float32Array
    """[M, P]."""
    prototypes: Float32Array
    """[B, P, h, w], of a whole input each. It may be the runtime's memory: valid as long as that is."""

    def take(self, rows: NDArray[np.intp]) -> RawMasks:
        """As ``Masks.take`` says."""
        return RawMasks(self.weights[rows], self.prototypes)

    def rasters(self, frame_index: Int32Array, boxes: Float32Array, size: Size) -> UInt8Array:
        """As ``Masks.rasters`` says."""
        return rasters(self, frame_index, boxes, size)


def rasters(masks: RawMasks, frame_index: Int32Array, boxes: Float32Array, size: Size) -> UInt8Array:
    """[M, SIDE, SIDE] how surely each cell of a raster over its box is the object, 0 to 255.

    ``boxes`` [M, 4] in pixels of an input of ``size``. The prototypes, whose pixels are larger than the
    input's, are interpolated bilinearly before the sigmoid. Only what lies under a box is summed up, so a box
    costs as much as it is large.
    """
    height, width = masks.prototypes.shape[2:]
    scale = np.array((width / size.width, height / size.height) * 2)
    centres = (np.arange(SIDE) + 0.5) / SIDE
    result = np.empty((len(boxes), SIDE, SIDE), np.uint8)
    for index, (x1, y1, x2, y2) in enumerate((boxes * scale).tolist()):
        columns, across = _taps(x1 + (x2 - x1) * centres, width)
        rows, down = _taps(y1 + (y2 - y1) * centres, height)
        part = masks.prototypes[frame_index[index], :, rows, columns]
        summed = masks.weights[index] @ part.reshape(len(part), -1)
        logits = down @ summed.reshape(part.shape[1:]) @ across.T
        result[index] = np.float32(127.5) * np.tanh(np.float32(0.5) * logits) + np.float32(128)
    return result


def _taps(positions: np.ndarray[tuple[int], np.dtype[np.float64]], count: int) -> tuple[slice, Float32Array]:
    """Which of ``count`` pixels linear interpolation at ``positions`` [S] needs, and the weights [S, n].

    Pixel i's centre is at i + 0.5; beyond the outermost centres their values go on.
    """
    at = np.clip(positions - 0.5, 0, count - 1)
    used = slice(int(at[0]), int(np.ceil(at[-1])) + 1)
    weights = 1 - np.abs(at[:, None] - np.arange(used.start, used.stop))
    return used, np.maximum(weights, 0).astype(np.float32)
