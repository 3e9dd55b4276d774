"""NanoDet: scores and box distributions on three grids.

Formulas: Generalized Focal Loss (Li et al., 2020, arXiv:2006.04388), as NanoDet uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.devices.contracts import InputSpec
from camwire.frames import Float32Array, Size
from camwire.models.candidates import require_finite, sure_by_anchor
from camwire.models.coco import COCO_CLASSES
from camwire.models.contract import Graph, RawDetections, Task, TensorSpec
from camwire.models.geometry import clipped
from camwire.models.image import ImageInput, on_grid
from camwire.models.signature import Signature

STRIDES = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class NanoDet:
    """A NanoDet for the classes of COCO.

    ``graph.outputs`` are the scores of the strides 8, 16, 32, then their box distributions. A cell's scores
    [C] are already between 0 and 1; its distribution holds, for the left, top, right and bottom side, one
    logit a bin: the expectation of the bin's number under their softmax, times the stride, is how far that
    side is from the cell's centre, in input pixels.
    """

    name: str
    classes: tuple[str, ...]
    graph: Graph
    reading: str
    task: Task = "detect"
    overlapping: bool = True

    def decode(self, outputs: Sequence[NDArray[Any]], size: Size, thresholds: Float32Array) -> RawDetections:
        """As ``Model.decode`` says. A cell gives one box at most, of its best class."""
        found, logits, strides = [], [], []
        for index, stride in enumerate(STRIDES):
            scores = np.asarray(outputs[index], np.float32)
            sure = sure_by_anchor(scores, slice(None), thresholds, self.graph.name_of(index))
            said = outputs[len(STRIDES) + index][sure.frame, sure.anchor].astype(np.float32)
            require_finite(said, self.graph.name_of(len(STRIDES) + index))
            found.append(sure)
            logits.append(said.reshape(-1, 4, said.shape[1] // 4))
            strides += [stride] * len(sure)
        stride_of = np.array(strides, np.int64)
        row, column = np.divmod(np.concatenate([sure.anchor for sure in found]), size.width // stride_of)
        pitch = stride_of.astype(np.float32)[:, None]
        centres = (np.stack((column, row), axis=1).astype(np.float32) + np.float32(0.5)) * pitch
        distances = _expectation(np.concatenate(logits)) * pitch
        boxes = np.concatenate((centres - distances[:, :2], centres + distances[:, 2:]), axis=1)
        frames = np.concatenate([sure.frame for sure in found])
        order = np.argsort(frames, kind="stable")
        return RawDetections(
            boxes=clipped(boxes[order], size),
            scores=np.concatenate([sure.scores for sure in found])[order],
            classes=np.concatenate([sure.classes for sure in found])[order],
            frame_index=frames[order].astype(np.int32),
        )


def _expectation(logits: Float32Array) -> Float32Array:
    """The mean bin number under the softmax of the last axis: [M, 4, bins] → [M, 4]."""
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    bins = np.arange(logits.shape[2], dtype=np.float32)
    return (weights @ bins) / weights.sum(axis=2)  # type: ignore[no-any-return]


def recognise(file: Path, image: ImageInput, signature: Signature, size: Size | None) -> NanoDet | None:
    """The NanoDet in ``file``, fed at ``size`` or as the file declares; None for any other model."""
    declared = image.size
    if declared is None or image.layout != "NCHW" or not on_grid(declared, STRIDES[-1]):
        return None
    outputs = _outputs(signature, declared)
    if not outputs:
        return None
    largest = size or declared
    counts = [(largest.width // stride) * (largest.height // stride) for stride in STRIDES] * 2
    return NanoDet(
        name=_variant(outputs),
        reading="NanoDet, 80 classes; told from the shapes of its six outputs",
        classes=COCO_CLASSES,
        graph=Graph(
            file=file,
            input=InputSpec(size=largest, channels="BGR", pad_value=114, centred=False),
            step=STRIDES[-1],
            mean=(103.53, 116.28, 123.675),
            std=(57.375, 57.12, 58.395),
            outputs=tuple(
                replace(tensor, shape=(1, count, tensor.shape[2]))
                for tensor, count in zip(outputs, counts, strict=True)
            ),
            dtype=image.tensor.dtype,
            batch=image.batch,
            quantised=signature.quantised,
            reshaped=True,
        ),
    )


def _outputs(signature: Signature, size: Size) -> tuple[TensorSpec, ...]:
    """The scores and then the distributions in the order of the strides; empty when this is no NanoDet."""
    by_shape = {tensor.shape[1:]: tensor for tensor in signature.outputs}
    cells = [(size.width // stride) * (size.height // stride) for stride in STRIDES]
    widths = {shape[1] for shape in by_shape if len(shape) == 2} - {len(COCO_CLASSES)}
    if len(signature.outputs) != 6 or len(by_shape) != 6 or len(widths) != 1:
        return ()
    bins = widths.pop()
    wanted = [(count, width) for width in (len(COCO_CLASSES), bins) for count in cells]
    if bins % 4 or bins < 8 or not all(shape in by_shape for shape in wanted):
        return ()
    return tuple(by_shape[shape] for shape in wanted)


def _variant(outputs: Sequence[TensorSpec]) -> str:
    """NanoDet-g has 11 bins a side; other members of the family have 8 and can't be told apart by shape."""
    return "NanoDet-g" if outputs[-1].shape[2] == 44 else "NanoDet"
