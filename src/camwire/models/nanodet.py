"""NanoDet: scores and box distributions on three grids.

Formulas: Generalized Focal Loss (Li et al., 2020, arXiv:2006.04388), as NanoDet uses it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.devices.contracts import InputSpec
from camwire.frames import Float32Array, Size
from camwire.models.coco import COCO_CLASSES
from camwire.models.contract import Graph, ModelError, RawDetections, TensorSpec
from camwire.models.signature import Signature

STRIDES = (8, 16, 32)
EXPECTED = (
    "one float32 input [1, 3, H, W] with H and W multiples of 32, and for each of the strides 8, 16, 32 "
    f"(N = H/stride × W/stride) scores [1, N, {len(COCO_CLASSES)}] and box distributions [1, N, 4 × bins]"
)


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

    def input_for(self, pictures: Sequence[Size]) -> InputSpec:
        """As ``Model.input_for`` says: 416×256 in place of 416×416 for pictures of 16:9."""
        spec = self.graph.input
        needed = [_needed(picture, spec.size) for picture in pictures]
        return replace(spec, size=Size(*(max(sides) for sides in zip(*needed, strict=True))))

    def decode(self, outputs: Sequence[NDArray[Any]], size: Size, thresholds: Float32Array) -> RawDetections:
        """As ``Model.decode`` says. A cell gives one box at most, of its best class."""
        grids = [
            _sure_cells(scores, distributions, stride, size, thresholds.min())
            for scores, distributions, stride in zip(outputs[:3], outputs[3:], STRIDES, strict=True)
        ]
        frames, centres, strides, scores, logits = (np.concatenate(part) for part in zip(*grids, strict=True))
        classes = scores.argmax(axis=1)
        best = scores[np.arange(len(scores)), classes]
        rows = np.flatnonzero(best >= thresholds[classes])
        rows = rows[np.argsort(frames[rows], kind="stable")]
        distances = _expectation(logits[rows]) * strides[rows, None]
        boxes = np.concatenate((centres[rows] - distances[:, :2], centres[rows] + distances[:, 2:]), axis=1)
        return RawDetections(
            boxes=np.clip(boxes, 0, np.array(size * 2, np.float32)),
            scores=best[rows],
            classes=classes[rows].astype(np.int32),
            frame_index=frames[rows].astype(np.int32),
        )


def _needed(picture: Size, largest: Size) -> Size:
    """The smallest size on the grid that holds ``picture`` at the scale that fits it into ``largest``."""
    ratio = min(largest.width / picture.width, largest.height / picture.height)
    cells = (math.ceil(side * ratio / STRIDES[-1] - 1e-9) for side in picture)
    return Size(*(min(most, count * STRIDES[-1]) for count, most in zip(cells, largest, strict=True)))


def _sure_cells(
    scores: Float32Array, distributions: Float32Array, stride: int, size: Size, least: np.float32
) -> tuple[NDArray[np.intp], Float32Array, Float32Array, Float32Array, Float32Array]:
    """The M cells of one grid in which any class scores ``least``; few, so all else is done for those.

    ``scores`` [B, N, C] and ``distributions`` [B, N, 4 × bins] become frame [M], centre in input pixels
    [M, 2], stride [M], scores [M, C] and logits [M, 4, bins].
    """
    _, cells, class_count = scores.shape
    hits = np.flatnonzero(scores >= least) // class_count
    rows = hits[np.diff(hits, prepend=-1) > 0]
    frame, cell = np.divmod(rows, cells)
    row, column = np.divmod(cell, size.width // stride)
    centres = (np.stack((column, row), axis=1).astype(np.float32) + np.float32(0.5)) * np.float32(stride)
    return (
        frame,
        centres,
        np.full(len(rows), stride, np.float32),
        scores.reshape(-1, class_count)[rows],
        distributions.reshape(-1, 4, distributions.shape[2] // 4)[rows],
    )


def _expectation(logits: Float32Array) -> Float32Array:
    """The mean bin number under the softmax of the last axis: [M, 4, bins] → [M, 4]."""
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    bins = np.arange(logits.shape[2], dtype=np.float32)
    return (weights @ bins) / weights.sum(axis=2)  # type: ignore[no-any-return]


def recognise(file: Path, signature: Signature) -> NanoDet:
    """The NanoDet in ``file``.

    Raises ModelError, which says what was found and what is accepted, for any other model.
    """
    size = _input_size(signature)
    scores, distributions = _outputs(signature, size) if size else ((), ())
    if size is None or not scores:
        raise ModelError(f"model {file}: not a NanoDet. Found: {signature}. Accepted: {EXPECTED}")
    return NanoDet(
        name=_variant(distributions),
        classes=COCO_CLASSES,
        graph=Graph(
            file=file,
            input=InputSpec(size=size, channels="BGR", pad_value=114, centred=False),
            step=STRIDES[-1],
            mean=(103.53, 116.28, 123.675),
            std=(57.375, 57.12, 58.395),
            outputs=(*scores, *distributions),
        ),
    )


def _input_size(signature: Signature) -> Size | None:
    if len(signature.inputs) != 1 or signature.inputs[0].dtype != "float32":
        return None
    match signature.inputs[0].shape:
        case (1 | -1, 3, height, width) if height > 0 and width > 0 and height % 32 == width % 32 == 0:
            return Size(width, height)
    return None


def _outputs(signature: Signature, size: Size) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """The scores and the distributions in the order of the strides; empty when this is no NanoDet."""
    by_shape = {tensor.shape[1:]: tensor for tensor in signature.outputs if tensor.dtype == "float32"}
    cells = [(size.width // stride) * (size.height // stride) for stride in STRIDES]
    widths = {shape[1] for shape in by_shape if len(shape) == 2} - {len(COCO_CLASSES)}
    if len(signature.outputs) != 6 or len(by_shape) != 6 or len(widths) != 1:
        return (), ()
    bins = widths.pop()
    wanted = [(count, width) for width in (len(COCO_CLASSES), bins) for count in cells]
    if bins % 4 or bins < 8 or not all(shape in by_shape for shape in wanted):
        return (), ()
    found = tuple(by_shape[shape] for shape in wanted)
    return found[:3], found[3:]


def _variant(distributions: Sequence[TensorSpec]) -> str:
    """NanoDet-g has 11 bins a side; other members of the family have 8 and can't be told apart by shape."""
    return "NanoDet-g" if distributions[0].shape[2] == 44 else "NanoDet"
