"""The YOLO family's outputs: YOLOv8's and YOLO11's own, and rows (YOLOv10, YOLO26, DeepStream-Yolo).

Both state boxes in input pixels, their activations applied; anchors and strides are part of the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Float32Array, Size
from camwire.models.candidates import Candidates, require_finite, sure_by_anchor, sure_by_class
from camwire.models.contract import Graph, Masks, ModelError, RawDetections, Task
from camwire.models.geometry import clipped, corners_of, enclosing, oriented_corners
from camwire.models.masks import RawMasks


@dataclass(frozen=True, slots=True)
class Extras:
    """What stands behind an anchor's box and scores (or score and class): keypoints, mask or angle."""

    keypoints: int = 0
    point_values: int = 3
    """2: x, y; 3: x, y and how sure the point is."""
    mask_weights: int = 0
    angle: bool = False

    @property
    def width(self) -> int:
        """Columns."""
        return self.keypoints * self.point_values + self.mask_weights + self.angle


@dataclass(frozen=True, slots=True)
class Yolo:
    """[B, 4 + C + extras, A], or with ``anchors_first`` [B, A, 4 + C + extras].

    An anchor is centre x, y, width, height, C scores from 0 to 1, then its extras. A segmentation model has
    prototypes [B, P, h, w] as its second output.
    """

    name: str
    task: Task
    reading: str
    classes: tuple[str, ...]
    graph: Graph
    extras: Extras
    anchors_first: bool
    normalised: bool
    """Coordinates are fractions of the input's sides instead of pixels."""
    overlapping: bool = True

    def decode(self, outputs: Sequence[NDArray[Any]], size: Size, thresholds: Float32Array) -> RawDetections:
        """As ``Model.decode`` says. An anchor gives one box at most, of its best class."""
        table = np.asarray(outputs[0], np.float32)
        source, scores = self.graph.name_of(0), slice(4, 4 + len(self.classes))
        sure = sure_by_anchor if self.anchors_first else sure_by_class
        found = sure(table, scores, thresholds, source)
        require_finite(found.rows, source)
        unit = unit_of(self.normalised, size)
        boxes, extra = found.rows[:, :4] * unit, found.rows[:, scores.stop :]
        masks = _masks(extra, self.extras, outputs)
        return raw_detections(found, corners_of, boxes, extra, self.extras, unit, size, masks)


@dataclass(frozen=True, slots=True)
class YoloRows:
    """[B, N, 6 + extras]: rows of x1, y1, x2, y2, score, class, then extras; of oriented boxes centre x, y,
    width, height come first.

    DeepStream-Yolo has a row an anchor; end-to-end models have the 300 best, with nothing to thin out.
    """

    name: str
    task: Task
    reading: str
    classes: tuple[str, ...]
    graph: Graph
    extras: Extras
    normalised: bool
    overlapping: bool

    def decode(self, outputs: Sequence[NDArray[Any]], size: Size, thresholds: Float32Array) -> RawDetections:
        """As ``Model.decode`` says. Raises ModelError for a class that has no name."""
        table = np.asarray(outputs[0], np.float32)
        source = self.graph.name_of(0)
        columns = table.transpose(0, 2, 1)
        anchors = sure_by_class(columns, slice(4, 5), thresholds.min(axis=1, keepdims=True), source)
        rows = anchors.rows
        require_finite(rows, source)
        classes = np.rint(rows[:, 5]).astype(np.int32)
        if len(classes) and not 0 <= classes.min() <= classes.max() < len(self.classes):
            raise ModelError(
                f"{source} has an object of class {classes.max()}, but there are names for 0 to "
                f"{len(self.classes) - 1} only; name all classes in a file and give it as model.labels"
            )
        sure = np.flatnonzero(rows[:, 4] >= thresholds[anchors.frame, classes])
        found = Candidates(
            anchors.frame[sure], anchors.anchor[sure], classes[sure], rows[sure, 4], rows[sure]
        )
        unit = unit_of(self.normalised, size)
        boxes, extra = found.rows[:, :4] * unit, found.rows[:, 6:]
        masks = _masks(extra, self.extras, outputs)
        return raw_detections(found, np.asarray, boxes, extra, self.extras, unit, size, masks)


def unit_of(normalised: bool, size: Size) -> Float32Array:
    """[4] what coordinates are multiplied by to become input pixels."""
    return np.array(size * 2 if normalised else (1, 1, 1, 1), np.float32)


def raw_detections(
    found: Candidates,
    form: Any,
    boxes: Float32Array,
    extra: Float32Array,
    extras: Extras,
    unit: Float32Array,
    size: Size,
    masks: Masks | None,
) -> RawDetections:
    """``boxes`` [M, 4] in pixels of an input of ``size``, of which ``form`` makes x1, y1, x2, y2 unless they
    are oriented; ``extra`` [M, columns] are their ``extras``, coordinates in ``unit`` pixels."""
    oriented = np.concatenate((boxes, extra[:, -1:]), axis=1) if extras.angle else None
    upright = form(boxes) if oriented is None else enclosing(oriented_corners(oriented))
    return RawDetections(
        boxes=clipped(upright, size),
        scores=found.scores,
        classes=found.classes,
        frame_index=found.frame.astype(np.int32),
        keypoints=_keypoints(extra, extras, unit) if extras.keypoints else None,
        masks=masks,
        oriented=oriented,
    )


def _keypoints(extra: Float32Array, extras: Extras, unit: Float32Array) -> Float32Array:
    points = np.ones((len(extra), extras.keypoints, 3), np.float32)
    points[:, :, : extras.point_values] = extra.reshape(len(extra), extras.keypoints, extras.point_values)
    points[:, :, :2] *= unit[:2]
    return points


def _masks(extra: Float32Array, extras: Extras, outputs: Sequence[NDArray[Any]]) -> RawMasks | None:
    return RawMasks(extra, _prototypes(outputs[1], extras)) if extras.mask_weights else None


def _prototypes(output: NDArray[Any], extras: Extras) -> Float32Array:
    """[B, P, h, w], from that or from [B, h, w, P]."""
    planes = np.asarray(output, np.float32)
    return planes if planes.shape[1] == extras.mask_weights else planes.transpose(0, 3, 1, 2)
