"""Every layout that camwire reads, made by hand: what a file says of itself, and random outputs for it.

Beside each stands its meaning, written independently: float64, box by box, straight from the layout's words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Size
from camwire.models import Model, Overrides, TensorSpec
from camwire.models.declared import read_declared
from camwire.models.image import image_input
from camwire.models.recognition import chosen_size, recognise
from camwire.models.signature import Signature

SIZE = Size(96, 64)
ANCHORS = 96 + 24 + 6
FILE = Path("folder/some.onnx")

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Layout:
    """``outputs``: name → shape for a batch of one. ``rows``: per anchor centre x, y, w, h (or corners),
    scores, extras, as [B, A, columns] float32; ``pack`` makes the file's outputs of them."""

    name: str
    outputs: dict[str, tuple[int, ...]]
    task: str
    classes: int
    metadata: dict[str, str] = field(default_factory=dict)
    nhwc: bool = False
    keypoints: tuple[int, int] = (0, 3)
    row: str = "anchors"
    """`anchors`, `rows`, `queries` or `both`."""
    activation: str = "none"

    def signature(self) -> Signature:
        sides = (1, SIZE.height, SIZE.width, 3) if self.nhwc else (1, 3, SIZE.height, SIZE.width)
        return Signature(
            (TensorSpec("images", sides, "float32"),),
            tuple(TensorSpec(name, shape, "float32") for name, shape in self.outputs.items()),
            self.metadata,
        )

    def model(self, overrides: Overrides | None = None) -> Model:
        return recognised(self.signature(), overrides)


def recognised(signature: Signature, overrides: Overrides | None = None) -> Model:
    wanted = overrides or Overrides()
    image = image_input(FILE, signature)
    declared = read_declared(FILE, signature.metadata)
    size = chosen_size(FILE, image, declared, wanted.size)
    return recognise(FILE, image, signature, declared, size, wanted)


def names(count: int) -> str:
    return str({index: f"kind {index}" for index in range(count)})


def metadata(task: str, count: int, **more: str) -> dict[str, str]:
    return {"task": task, "names": names(count), "imgsz": "[64, 96]", "stride": "32", **more}


PROTOTYPES = {"protos": (1, 32, 16, 24)}
POSE = {"kpt_shape": "[17, 3]"}

LAYOUTS = (
    Layout("detect", {"output0": (1, 84, ANCHORS)}, "detect", 80),
    Layout("detect, 5 classes", {"o": (1, 9, ANCHORS)}, "detect", 5, metadata("detect", 5)),
    Layout("detect, transposed", {"o": (1, ANCHORS, 84)}, "detect", 80),
    Layout("detect, transposed, 2 classes", {"o": (1, ANCHORS, 6)}, "detect", 2, metadata("detect", 2)),
    Layout("detect, NHWC", {"o": (1, 84, ANCHORS)}, "detect", 80, nhwc=True),
    Layout("pose", {"o": (1, 56, ANCHORS)}, "pose", 1, keypoints=(17, 3)),
    Layout("pose, transposed", {"o": (1, ANCHORS, 56)}, "pose", 1, keypoints=(17, 3)),
    Layout("pose, NHWC", {"o": (1, 56, ANCHORS)}, "pose", 1, nhwc=True, keypoints=(17, 3)),
    Layout(
        "pose, 2 classes, x and y only",
        {"o": (1, 4 + 2 + 8, ANCHORS)},
        "pose",
        2,
        metadata("pose", 2, kpt_shape="[4, 2]"),
        keypoints=(4, 2),
    ),
    Layout("segment", {"o": (1, 4 + 7 + 32, ANCHORS), **PROTOTYPES}, "segment", 7),
    Layout("segment, transposed", {**PROTOTYPES, "o": (1, ANCHORS, 4 + 7 + 32)}, "segment", 7),
    Layout(
        "segment, NHWC", {"o": (1, 43, ANCHORS), "protos": (1, 16, 24, 32)}, "segment", 7, nhwc=True
    ),
    Layout("oriented", {"o": (1, 4 + 15 + 1, ANCHORS)}, "obb", 15, metadata("obb", 15)),
    Layout("oriented, transposed", {"o": (1, ANCHORS, 20)}, "obb", 15, metadata("obb", 15)),
    Layout("end-to-end", {"o": (1, 300, 6)}, "detect", 80, row="rows"),
    Layout("end-to-end, 3 classes", {"o": (1, 300, 6)}, "detect", 3, metadata("detect", 3), row="rows"),
    Layout("end-to-end, NHWC", {"o": (1, 300, 6)}, "detect", 80, nhwc=True, row="rows"),
    Layout("end-to-end pose", {"o": (1, 300, 57)}, "pose", 1, row="rows", keypoints=(17, 3)),
    Layout("end-to-end segment", {"o": (1, 300, 38), **PROTOTYPES}, "segment", 80, row="rows"),
    Layout("end-to-end oriented", {"o": (1, 300, 7)}, "obb", 15, metadata("obb", 15), row="rows"),
    Layout("DeepStream-Yolo", {"output": (1, ANCHORS, 6)}, "detect", 80, row="rows"),
    Layout(
        "RF-DETR", {"dets": (1, 50, 4), "labels": (1, 50, 91)}, "detect", 91, row="queries",
        activation="sigmoid",
    ),
    Layout(
        "RT-DETR", {"logits": (1, 50, 80), "pred_boxes": (1, 50, 4)}, "detect", 80, row="queries",
        activation="sigmoid",
    ),
    Layout(
        "DETR", {"logits": (1, 100, 92), "pred_boxes": (1, 100, 4)}, "detect", 91, row="queries",
        activation="softmax",
    ),
    Layout("RT-DETR, one output", {"o": (1, 300, 9)}, "detect", 5, metadata("detect", 5), row="both"),
)  # fmt: skip


def random_outputs(layout: Layout, batch: int, seed: int) -> list[Array]:
    """In the order of ``model.graph.outputs``; few scores are high, boxes overlap and stick out."""
    rng = np.random.default_rng(seed)
    return [_random(layout, spec, batch, rng) for spec in layout.model().graph.outputs]


def _random(layout: Layout, spec: TensorSpec, batch: int, rng: np.random.Generator) -> Array:
    shape = (batch, *spec.shape[1:])
    if len(shape) == 4:
        return rng.normal(0, 1, shape).astype(np.float32)
    if layout.row == "queries":
        made = rng.random(shape) if shape[2] == 4 else rng.normal(-3, 2, shape)
        return made.astype(np.float32)
    anchors_last = layout.row == "anchors" and shape[2] == ANCHORS and shape[1] != ANCHORS
    count, columns = (shape[2], shape[1]) if anchors_last else (shape[1], shape[2])
    unit = np.ones(4) if layout.nhwc or layout.row == "both" else np.array(SIZE * 2)
    table = rng.normal(0, 1, (batch, count, columns))
    table[..., :4] = rng.random((batch, count, 4)) * unit
    if layout.row == "rows":
        table[..., 4] = rng.random((batch, count)) ** 8
        table[..., 5] = rng.integers(0, layout.classes, (batch, count))
        first = 6
    else:
        first = 4 + layout.classes
        table[..., 4:first] = rng.random((batch, count, layout.classes)) ** (4 * layout.classes)
    points, values = layout.keypoints
    for point in range(points):
        at = first + point * values
        table[..., at : at + 2] = rng.random((batch, count, 2)) * unit[:2]
    return (table.transpose(0, 2, 1) if anchors_last else table).astype(np.float32)


@dataclass(frozen=True)
class Expected:
    """One box as the layout's words have it."""

    frame: int
    classes: int
    score: float
    box: tuple[float, float, float, float]
    keypoints: list[tuple[float, float, float]]
    weights: list[float]
    oriented: list[float]


def reference(layout: Layout, outputs: list[Array], thresholds: Array) -> list[Expected]:
    """Every box that is sure enough, by frame, then in the output's order."""
    tables = [np.asarray(output, np.float64) for output in outputs]
    read: Callable[..., Any] = {
        "anchors": _anchor, "rows": _row, "queries": _query, "both": _query
    }[layout.row]  # fmt: skip
    if layout.row == "both":
        tables = [tables[0][..., :4], tables[0][..., 4:]]
    if layout.row == "anchors" and tables[0].shape[2] == ANCHORS and tables[0].shape[1] != ANCHORS:
        tables[0] = np.swapaxes(tables[0], 1, 2)
    result = []
    for frame in range(len(tables[0])):
        for index in range(tables[0].shape[1]):
            found = read(layout, frame, *(table[frame, index] for table in tables if table.ndim == 3))
            if found.score >= thresholds[frame, found.classes]:
                result.append(found)
    return result


def _anchor(layout: Layout, frame: int, values: NDArray[np.float64]) -> Expected:
    scores = list(values[4 : 4 + layout.classes])
    best = scores.index(max(scores))
    return _expected(
        layout, frame, best, scores[best], values[:4], values[4 + layout.classes :], centred=True
    )


def _row(layout: Layout, frame: int, values: NDArray[np.float64]) -> Expected:
    centred = layout.task == "obb"
    return _expected(layout, frame, round(values[5]), values[4], values[:4], values[6:], centred=centred)


def _query(layout: Layout, frame: int, box: NDArray[np.float64], scores: NDArray[np.float64]) -> Expected:
    if layout.activation == "sigmoid":
        made = [1 / (1 + math.exp(-score)) for score in scores]
    elif layout.activation == "softmax":
        made = [math.exp(score) / sum(math.exp(other) for other in scores) for score in scores][:-1]
    else:
        made = list(scores)
    best = made.index(max(made))
    sides = np.array([SIZE.width, SIZE.height] * 2)
    return _expected(layout, frame, best, made[best], box * sides, np.empty(0), centred=True, pixels=True)


def _expected(
    layout: Layout,
    frame: int,
    classes: int,
    score: float,
    box: NDArray[np.float64],
    extra: NDArray[np.float64],
    *,
    centred: bool,
    pixels: bool = False,
) -> Expected:
    sx, sy = (SIZE.width, SIZE.height) if layout.nhwc and not pixels else (1, 1)
    a, b, c, d = box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy
    oriented = [a, b, c, d, float(extra[-1])] if layout.task == "obb" else []
    if oriented:
        half_width = abs(c / 2 * math.cos(extra[-1])) + abs(d / 2 * math.sin(extra[-1]))
        half_height = abs(c / 2 * math.sin(extra[-1])) + abs(d / 2 * math.cos(extra[-1]))
        corners = a - half_width, b - half_height, a + half_width, b + half_height
    else:
        corners = (a - c / 2, b - d / 2, a + c / 2, b + d / 2) if centred else (a, b, c, d)
    points, values = layout.keypoints
    keypoints = []
    for point in range(points):
        x, y, *sure = extra[point * values : (point + 1) * values]
        keypoints.append((x * sx, y * sy, float(sure[0]) if sure else 1.0))
    return Expected(
        frame,
        classes,
        score,
        tuple(min(max(v, 0), limit) for v, limit in zip(corners, SIZE * 2, strict=True)),  # type: ignore[arg-type]
        keypoints,
        [float(weight) for weight in extra] if layout.task == "segment" else [],
        oriented,
    )
