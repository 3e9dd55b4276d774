"""A model's outputs through the kernels, and the same through the CPU's decoder."""

from __future__ import annotations

import dataclasses

import numpy as np

from camwire.devices.cuda.heads import ROW, detections_of, extras_of, head_of, masked, prototypes_of
from camwire.frames import Size
from camwire.models.contract import Model, RawDetections
from camwire.models.masks import SIDE
from camwire.models.nanodet import NanoDet
from camwire.pipeline.detector import thinned
from camwire.pipeline.selection import NO_BOUND, Limits

MOST = 1024


class OutputInMemory:
    """A numpy array in the kernels' memory, spoken of as PyTorch does."""

    def __init__(self, runner, array: np.ndarray) -> None:
        self._memory = runner.put(array)
        self.shape = array.shape
        self._steps = tuple(int(np.prod(array.shape[axis + 1 :])) for axis in range(array.ndim))

    def data_ptr(self) -> int:
        return int(self._memory.address)

    def stride(self) -> tuple[int, ...]:
        return self._steps

    def element_size(self) -> int:
        return 4


@dataclasses.dataclass(frozen=True)
class DeviceMasks:
    """As ``Masks``, by the kernel."""

    runner: object
    weights: np.ndarray
    prototypes: np.ndarray

    def take(self, rows) -> DeviceMasks:
        return dataclasses.replace(self, weights=self.weights[rows])

    def rasters(self, frame_index, boxes, size: Size) -> np.ndarray:
        output = OutputInMemory(self.runner, self.prototypes)
        described = prototypes_of(output, self.weights.shape[1])
        made = self.runner.put(np.full((len(boxes), SIDE, SIDE), 77, np.uint8))
        objects = masked(frame_index, boxes, size, described)
        if len(boxes):
            inputs = (self.runner.put(array) for array in (described, objects, self.weights))
            self.runner.run("masks", "mask_rasters_float", (SIDE * SIDE // 256, len(boxes)), *inputs, made)
        return made.fetch()


def on_the_device(
    runner, model: Model, outputs: list[np.ndarray], size: Size, limits: Limits, candidates: int = 1024
) -> RawDetections:
    """What the kernels make of ``outputs``, without doubles. Raises ModelError."""
    if isinstance(model, NanoDet):
        outputs = [np.concatenate(outputs[:3], axis=1), np.concatenate(outputs[3:], axis=1)]
    kept = [OutputInMemory(runner, array.astype(np.float32)) for array in outputs]
    head = head_of(model, kept, size)
    batch, anchors = len(outputs[0]), int(head["anchors"][0])
    described = runner.put(head)
    best = runner.put(np.full((batch, anchors), np.nan, np.float32))
    which = runner.put(np.full((batch, anchors), -7, np.int32))
    blocks = (-(-anchors // 256), batch)
    runner.run("boxes", "best_classes_float", blocks, described, runner.put(limits.score), best, which)
    rows = runner.put(np.full((batch, MOST, ROW + extras_of(model).width), np.nan, np.float32))
    counts = runner.put(np.full(batch, -7, np.int32))
    runner.run(
        "boxes", "suppress_float", (batch,), described, best, which, np.int32(candidates), np.int32(MOST),
        runner.put(limits.iou), rows, counts,
    )  # fmt: skip

    def masks(weights: np.ndarray) -> DeviceMasks:
        return DeviceMasks(runner, weights, outputs[1].astype(np.float32))

    return detections_of(model, rows.fetch(), counts.fetch(), size, masks)


def on_the_cpu(model: Model, outputs: list[np.ndarray], size: Size, limits: Limits) -> RawDetections:
    raw = model.decode(outputs, size, limits.score)
    return thinned(raw, limits, overlapping=model.overlapping)


def limits_of(batch: int, classes: int, score: float, iou: float) -> Limits:
    shape = batch, classes
    return Limits(
        np.full(shape, score, np.float32),
        np.full(shape, iou, np.float32),
        np.zeros(shape, np.float32),
        np.full(shape, NO_BOUND, np.int32),
    )
