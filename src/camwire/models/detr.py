"""DETR and its descendants: a fixed number of queries, each a box and a score for every class.

Carion et al., "End-to-End Object Detection with Transformers", ECCV 2020 (arXiv:2005.12872).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Float32Array, Size
from camwire.models.candidates import require_finite, sure_by_anchor
from camwire.models.contract import Graph, RawDetections, Task
from camwire.models.geometry import clipped, corners_of

Activation = Literal["none", "sigmoid", "softmax"]


@dataclass(frozen=True, slots=True)
class Detr:
    """``graph.outputs``: boxes [B, Q, 4], centre x, y, width, height as fractions of the input's sides, and
    scores [B, Q, C]; or one output [B, Q, 4 + C] with both.

    ``activation`` makes probabilities of the scores: sigmoid (RF-DETR, RT-DETR), softmax over C and a last
    column for "nothing" (DETR), or none where the graph did it.
    """

    name: str
    reading: str
    classes: tuple[str, ...]
    graph: Graph
    activation: Activation
    task: Task = "detect"
    overlapping: bool = False

    def decode(self, outputs: Sequence[NDArray[Any]], size: Size, thresholds: Float32Array) -> RawDetections:
        """As ``Model.decode`` says. A query gives one box at most, of its best class."""
        parts = [np.asarray(output, np.float32) for output in outputs]
        boxes, scores = parts if len(parts) == 2 else (parts[0][..., :4], parts[0][..., 4:])
        source = self.graph.name_of(len(parts) - 1)
        found = sure_by_anchor(self._probabilities(scores), slice(None), thresholds, source)
        chosen = boxes[found.frame, found.anchor] * np.array(size * 2, np.float32)
        require_finite(chosen, self.graph.name_of(0))
        return RawDetections(
            boxes=clipped(corners_of(chosen), size),
            scores=found.scores,
            classes=found.classes,
            frame_index=found.frame.astype(np.int32),
        )

    def _probabilities(self, scores: Float32Array) -> Float32Array:
        if self.activation == "sigmoid":
            # Through tanh, which doesn't overflow.
            tanh: Float32Array = np.tanh(np.float32(0.5) * scores)
            return np.float32(0.5) * (tanh + np.float32(1))
        if self.activation == "softmax":
            weights = np.exp(scores - scores.max(axis=2, keepdims=True))
            return (weights / weights.sum(axis=2, keepdims=True))[..., :-1]  # type: ignore[no-any-return]
        return scores
