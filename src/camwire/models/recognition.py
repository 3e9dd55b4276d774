"""Telling what a model's file is: from what it says about itself, or else from the shapes of its tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from camwire.devices.contracts import InputSpec
from camwire.frames import Size
from camwire.models import nanodet
from camwire.models.contract import Graph, Model, ModelError, Task, TensorSpec
from camwire.models.declared import Declared
from camwire.models.detr import Activation, Detr
from camwire.models.image import ImageInput, on_grid
from camwire.models.labels import COCO_CATEGORIES, class_names
from camwire.models.signature import Signature
from camwire.models.yolo_layouts import recognise_yolo

ACCEPTED = (
    "YOLOv8/YOLO11 [B, 4+C, A] or [B, A, 4+C], pose 1+3K wider, oriented 1 wider, segmentation 32 wider with "
    "prototypes [B, 32, H/4, W/4] (A = 8400 at 640×640); end-to-end YOLOv10/YOLO26 [B, 300, 6]; DeepStream-"
    "Yolo [B, A, 6]; DETR, RT-DETR, RF-DETR boxes [B, Q, 4] with logits [B, Q, C]; NanoDet's six outputs"
)
"""docs/reference/models.md has the whole list."""

DEFAULT_STRIDE = 32
IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of R, G, B, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a configuration says about a model's file; None: as the file says."""

    task: Task | None = None
    size: Size | None = None
    keep_aspect: bool | None = None
    """Letterbox, or stretch."""
    labels: tuple[str, ...] | None = None


def chosen_size(file: Path, image: ImageInput, declared: Declared, wanted: Size | None) -> Size:
    """The largest input: fixed by the file, or asked for, or declared by the file. Raises ModelError."""
    stride = declared.stride or DEFAULT_STRIDE
    if image.size is not None:
        if wanted not in (None, image.size):
            raise ModelError(
                f"model {file}: its input is fixed at {_text(image.size)}, so model.input_size can't be "
                f"{_text(wanted)}; leave it out, or export the model with dynamic shapes"
            )
        return image.size
    size = wanted or declared.size
    if size is None:
        raise ModelError(
            f"model {file}: its input {image.tensor} leaves the size open; give one as model.input_size, "
            "for example 640x640"
        )
    if not on_grid(size, stride):
        raise ModelError(
            f"model {file}: an input of {_text(size)} isn't possible; both sides are multiples of {stride}"
        )
    return size


def recognise(
    file: Path, image: ImageInput, signature: Signature, declared: Declared, size: Size, overrides: Overrides
) -> Model:
    """The model in ``file``, fed at ``size`` at most.

    ``signature`` has the outputs' shapes at that size. Raises ModelError, which says what was found and what
    is accepted, for anything that camwire can't read, and for labels that don't fit.
    """
    graph = _graph(file, image, signature, declared, size, overrides)
    found = _detr(graph, signature, declared, overrides) or recognise_yolo(
        graph, signature, declared, overrides.task, overrides.labels
    )
    if found is None:
        kind = "a classification net" if _classifies(signature) else "not a detector that camwire knows"
        raise ModelError(f"model {file}: {kind}. Found: {signature}. Accepted: {ACCEPTED}")
    return found


def recognise_nanodet(
    file: Path, image: ImageInput, signature: Signature, overrides: Overrides
) -> nanodet.NanoDet | None:
    """The NanoDet in ``file``, None for any other model. Raises ModelError for overrides that don't fit."""
    found = nanodet.recognise(file, image, signature, overrides.size)
    if found is None:
        return None
    if overrides.task not in (None, "detect"):
        raise ModelError(f"model {file}: NanoDet detects; model.task can't be {overrides.task!r}")
    largest = found.graph.input
    if not on_grid(largest.size, nanodet.STRIDES[-1]):
        raise ModelError(f"model {file}: an input of {_text(largest.size)} isn't possible; both sides are "
                         f"multiples of {nanodet.STRIDES[-1]}")  # fmt: skip
    spec = largest if overrides.keep_aspect is None else replace(largest, keep_aspect=overrides.keep_aspect)
    names = class_names(file, overrides.labels, None, len(found.classes))
    return replace(found, classes=names, graph=replace(found.graph, input=spec))


def _graph(
    file: Path, image: ImageInput, signature: Signature, declared: Declared, size: Size, overrides: Overrides
) -> Graph:
    """As YOLO models want it: RGB from 0 to 1, letterboxed in the middle."""
    keep_aspect = True if overrides.keep_aspect is None else overrides.keep_aspect
    return Graph(
        file=file,
        input=InputSpec(size, channels="RGB", pad_value=114, centred=True, keep_aspect=keep_aspect),
        step=None if image.size is not None else declared.stride or DEFAULT_STRIDE,
        mean=(0.0, 0.0, 0.0),
        std=(255.0, 255.0, 255.0),
        outputs=signature.outputs,
        layout=image.layout,
        dtype=image.tensor.dtype,
        batch=image.batch,
        quantised=signature.quantised,
    )


def _detr(graph: Graph, signature: Signature, declared: Declared, overrides: Overrides) -> Detr | None:
    """Two outputs of as many rows, one of boxes; or RT-DETR's one output, by its metadata."""
    boxes, scores = _boxes_and_scores(signature, declared)
    if scores is None or (declared.task or overrides.task or "detect") != "detect":
        return None
    columns = scores.shape[2] - (4 if boxes is None else 0)
    kind, activation = _kind_of_detr(boxes, scores)
    normalised = kind != "RT-DETR"
    count = columns - (activation == "softmax")
    return Detr(
        name=declared.name or graph.file.stem,
        reading=f"{kind}: {scores.shape[1]} queries, {count} classes, activation {activation}; "
        + ("ImageNet's mean and deviation" if normalised else "pixels from 0 to 1")
        + ", by the shapes and names of its outputs",
        classes=class_names(graph.file, overrides.labels, declared.names, count),
        graph=replace(
            graph,
            input=replace(graph.input, keep_aspect=bool(overrides.keep_aspect)),
            mean=IMAGENET_MEAN if normalised else graph.mean,
            std=IMAGENET_STD if normalised else graph.std,
            outputs=(scores,) if boxes is None else (boxes, scores),
        ),
        activation=activation,
    )


def _kind_of_detr(boxes: TensorSpec | None, scores: TensorSpec) -> tuple[str, Activation]:
    """COCO's categories tell the originals; RF-DETR trained on something else keeps its outputs' names."""
    if boxes is None:
        return "RT-DETR", "none"
    if scores.shape[2] == len(COCO_CATEGORIES) + 1:
        return "DETR", "softmax"
    if scores.shape[2] == len(COCO_CATEGORIES) or {boxes.name, scores.name} == {"dets", "labels"}:
        return "RF-DETR", "sigmoid"
    return "RT-DETR", "sigmoid"


def _boxes_and_scores(
    signature: Signature, declared: Declared
) -> tuple[TensorSpec | None, TensorSpec | None]:
    match sorted(signature.outputs, key=lambda tensor: tensor.shape[-1:] != (4,)):
        case [TensorSpec(shape=(_, a, 4)) as boxes, TensorSpec(shape=(_, b, c)) as scores] if a == b > 0 < c:
            return boxes, scores
        case [TensorSpec(shape=(_, 300, columns)) as both] if _both_in_one(columns, declared):
            return None, both
        case _:
            return None, None


def _both_in_one(columns: int, declared: Declared) -> bool:
    """Whether 300 rows of so many columns are boxes and a score a class. Two classes make as many columns as
    an end-to-end YOLO has; then it goes by the name."""
    if declared.names is None or columns != 4 + len(declared.names):
        return False
    return columns != 6 or "detr" in (declared.name or "").lower()


def _classifies(signature: Signature) -> bool:
    """One number a class: [B, C]."""
    return len(signature.outputs) == 1 and len(signature.outputs[0].shape) == 2


def _text(size: Size | None) -> str:
    return f"{size.width}×{size.height}" if size is not None else "none"
