"""A model's outputs described for the kernels, and the kernels' rows as the model's own detections.

Every layout that camwire knows becomes rows of one form: x1, y1, x2, y2 (of oriented boxes centre x, y,
width, height) in input pixels, score, class, and the extras as the model has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from camwire.devices.cuda.surfaces import Records
from camwire.frames import Float32Array, Int32Array, Size
from camwire.models.candidates import Candidates, require_finite
from camwire.models.contract import Masks, Model, ModelError, RawDetections
from camwire.models.detr import Activation, Detr
from camwire.models.nanodet import NanoDet
from camwire.models.yolo import Extras, Yolo, YoloRows, raw_detections, unit_of

_COLUMNS = np.dtype([("start", np.uint64), *((name, np.int64) for name in ("frame", "column", "anchor"))])
HEAD = np.dtype(
    [
        *((name, _COLUMNS) for name in ("boxes", "scores", "extras")),
        *((name, np.int32) for name in ("anchors", "classes", "extra_columns", "form", "scoring", "bins")),
        *((name, np.int32) for name in ("overlapping", "oriented")),
        *((name, np.float32) for name in ("unit_x", "unit_y", "width", "height")),
    ]
)
"""``Head`` of kernels/head.cuh."""
PROTOTYPES = np.dtype(
    [
        ("start", np.uint64),
        ("step", np.int64, 4),
        *((name, np.int32) for name in ("planes", "height", "width", "reserved")),
    ]
)
"""``Prototypes`` of kernels/masks.cu."""
MASKED = np.dtype([("frame", np.int32), ("box", np.float32, 4)])
"""``Masked`` of kernels/masks.cu."""

CENTRES, CORNERS, DISTRIBUTIONS = range(3)
PROBABILITIES, SIGMOID, SOFTMAX, ONE_CLASS = range(4)
SCORING: dict[Activation, int] = {"none": PROBABILITIES, "sigmoid": SIGMOID, "softmax": SOFTMAX}

ROW = 6
"""Columns of a row before its extras."""
MOST_ANCHORS = 0xFFFF
"""The kernels number them in 16 bits."""
NOT_FINITE, UNKNOWN_CLASS = -1, -2
"""What stands in place of a frame's count of rows."""


class Output(Protocol):
    """Numbers in the kernels' memory: a ``torch.Tensor``."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def data_ptr(self) -> int: ...
    def stride(self) -> tuple[int, ...]:
        """Numbers from one element to the next, along each axis."""

    def element_size(self) -> int:
        """Bytes."""


class _Part(NamedTuple):
    """Columns of an output from ``first`` on."""

    output: Output
    axes: tuple[int, int]
    """Which axis has the columns, and which the anchors."""
    first: int = 0

    def record(self) -> tuple[int, int, int, int]:
        steps, (column, anchor) = self.output.stride(), self.axes
        start = self.output.data_ptr() + self.first * steps[column] * self.output.element_size()
        return start, steps[0], steps[column], steps[anchor]


def extras_of(model: Model) -> Extras:
    """What stands in the rows behind score and class. Raises ModelError for a model unknown here."""
    if isinstance(model, (Yolo, YoloRows)):
        return model.extras
    if isinstance(model, (Detr, NanoDet)):
        return Extras()
    raise ModelError(f"model {model.name}: on GPUs camwire can't read this: {model.reading}")


class _Reading(NamedTuple):
    """What is where, and what it means."""

    boxes: _Part
    scores: _Part
    extras: _Part
    form: int
    scoring: int
    normalised: bool = False


def _reading(model: Model, outputs: Sequence[Output]) -> _Reading:
    anchors_last, anchors_first = (1, 2), (2, 1)
    if isinstance(model, Yolo):
        axes, table = anchors_first if model.anchors_first else anchors_last, outputs[0]
        boxes, scores, extras = (_Part(table, axes, first) for first in (0, 4, 4 + len(model.classes)))
        return _Reading(boxes, scores, extras, CENTRES, PROBABILITIES, model.normalised)
    if isinstance(model, YoloRows):
        boxes, scores, extras = (_Part(outputs[0], anchors_first, first) for first in (0, 4, ROW))
        return _Reading(boxes, scores, extras, CORNERS, ONE_CLASS, model.normalised)
    none = _Part(outputs[0], anchors_first)
    if isinstance(model, Detr):
        boxes, scores = none, _Part(outputs[-1], anchors_first, 4 if len(outputs) == 1 else 0)
        return _Reading(boxes, scores, none, CENTRES, SCORING[model.activation], normalised=True)
    return _Reading(_Part(outputs[1], anchors_first), none, none, DISTRIBUTIONS, PROBABILITIES)


def head_of(model: Model, outputs: Sequence[Output], size: Size) -> Records:
    """[1] of HEAD: how ``model``'s outputs for an input of ``size`` are read.

    NanoDet's are two here, the scores and the distributions of all grids, [B, cells, columns]. Raises
    ModelError.
    """
    head, extras, reading = np.zeros(1, HEAD), extras_of(model), _reading(model, outputs)
    anchors = reading.scores.output.shape[reading.scores.axes[1]]
    if anchors > MOST_ANCHORS:
        raise ModelError(
            f"model {model.graph.file}: {anchors} anchors a picture; on GPUs there may be {MOST_ANCHORS}. "
            "Set a smaller model.input_size"
        )
    for name in ("boxes", "scores", "extras"):
        head[name] = getattr(reading, name).record()
    head["anchors"], head["classes"], head["extra_columns"] = anchors, len(model.classes), extras.width
    head["form"], head["scoring"], head["overlapping"] = reading.form, reading.scoring, model.overlapping
    head["oriented"] = extras.angle
    if reading.form == DISTRIBUTIONS:
        head["bins"] = reading.boxes.output.shape[2] // 4
    head["unit_x"], head["unit_y"] = unit_of(reading.normalised, size)[:2]
    head["width"], head["height"] = size
    return head


def detections_of(
    model: Model,
    rows: Float32Array,
    counts: Int32Array,
    size: Size,
    masks: Callable[[Float32Array], Masks],
) -> RawDetections:
    """The first ``counts`` [B] of the kernels' ``rows`` [B, K, 6 + extras], for an input of ``size``.

    ``masks``: of weights [M, P]. Raises ModelError when the model said what makes no sense.
    """
    require_sense(model, counts)
    hits = np.flatnonzero(np.arange(rows.shape[1]) < counts[:, None])
    frame, anchor = np.divmod(hits, rows.shape[1])
    chosen, extras = rows.reshape(-1, rows.shape[2]).take(hits, axis=0), extras_of(model)
    require_finite(chosen, model.graph.name_of(0))
    found = Candidates(frame, anchor, chosen[:, 5].astype(np.int32), chosen[:, 4], chosen)
    unit = unit_of(isinstance(model, (Yolo, YoloRows)) and model.normalised, size)
    extra = chosen[:, ROW:]
    own = masks(extra) if extras.mask_weights else None
    return raw_detections(found, np.asarray, chosen[:, :4], extra, extras, unit, size, own)


def require_sense(model: Model, counts: Int32Array) -> None:
    """Raises ModelError where ``counts`` say that a frame's numbers make no sense."""
    if NOT_FINITE in counts:
        require_finite(np.array(np.nan, np.float32), model.graph.name_of(0))
    if UNKNOWN_CLASS in counts:
        raise ModelError(
            f"{model.graph.name_of(0)} has an object of a class beyond the {len(model.classes)} that have "
            "names; name all classes in a file and give it as model.labels"
        )


def prototypes_of(output: Output, planes: int) -> Records:
    """[1] of PROTOTYPES, from [B, P, h, w] or [B, h, w, P]."""
    axes = (0, 1, 2, 3) if output.shape[1] == planes else (0, 3, 1, 2)
    record, steps = np.zeros(1, PROTOTYPES), output.stride()
    record["start"], record["planes"] = output.data_ptr(), planes
    record["step"] = [steps[axis] for axis in axes]
    record["height"], record["width"] = output.shape[axes[2]], output.shape[axes[3]]
    return record


def masked(frame_index: Int32Array, boxes: Float32Array, size: Size, prototypes: Records) -> Records:
    """[M] of MASKED for ``boxes`` [M, 4] in pixels of an input of ``size``."""
    objects = np.zeros(len(boxes), MASKED)
    scale = float(prototypes["width"][0]) / size.width, float(prototypes["height"][0]) / size.height
    objects["frame"], objects["box"] = frame_index, boxes * np.array(scale * 2)
    return objects
