"""Masks from prototypes that stay on the device: of the few objects that are left, in one launch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.devices.cuda.heads import masked, prototypes_of
from camwire.devices.cuda.program import THREADS, foreign_stream, launch
from camwire.frames import Float32Array, Int32Array, Size, UInt8Array
from camwire.models.masks import SIDE


@dataclass(frozen=True, slots=True)
class DeviceMasks:
    """As :class:`camwire.models.contract.Masks`; to be made into rasters before its lane's next batch."""

    stream: Any
    """A ``torch.cuda.Stream``; the network's work has ended before."""
    prototypes: tuple[Any, int]
    """A ``torch.Tensor`` [B, P, h, w] or [B, h, w, P], and P."""
    weights: Float32Array
    """[M, P]."""

    def take(self, rows: NDArray[np.intp]) -> DeviceMasks:
        """As ``Masks.take`` says."""
        return replace(self, weights=self.weights[rows])

    def rasters(self, frame_index: Int32Array, boxes: Float32Array, size: Size) -> UInt8Array:
        """As ``Masks.rasters`` says."""
        import torch

        if not len(boxes):
            return np.empty((0, SIDE, SIDE), np.uint8)
        tensor, planes = self.prototypes
        described = prototypes_of(tensor, planes)
        objects = masked(frame_index, boxes, size, described)
        kind = "half" if tensor.dtype == torch.float16 else "float"
        with torch.inference_mode(), torch.cuda.stream(self.stream):
            inputs = [_uploaded(array) for array in (described, objects, self.weights)]
            made = torch.empty((len(boxes), SIDE, SIDE), dtype=torch.uint8, device="cuda")
            launch(
                "masks",
                f"mask_rasters_{kind}",
                (SIDE * SIDE // THREADS, len(boxes)),
                tuple(np.uint64(one.data_ptr()) for one in (*inputs, made)),
                foreign_stream(self.stream.cuda_stream),
            )
            rasters: UInt8Array = made.cpu().numpy()
        return rasters


def _uploaded(array: NDArray[Any]) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(array).view(np.uint8).reshape(-1)).cuda()
