"""Which of the YOLO family's layouts a file has: which axis is which, and what the columns mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

from camwire.frames import Size
from camwire.models.coco import COCO_CLASSES
from camwire.models.contract import Graph, Model, ModelError, Task, TensorSpec
from camwire.models.declared import Declared
from camwire.models.labels import class_names
from camwire.models.signature import Signature
from camwire.models.yolo import Extras, Yolo, YoloRows

PYRAMIDS = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32), (16, 32))
"""Strides of the grids that detectors of this family have."""
MOST_ROWS = 1000
"""End-to-end models give the best few; 300 as a rule."""
COCO_KEYPOINTS = 17
BOX, ROW = 4, 6
"""Columns before the scores; columns of a row before its extras."""


def recognise_yolo(
    graph: Graph,
    signature: Signature,
    declared: Declared,
    task: Task | None,
    labels: tuple[str, ...] | None,
) -> Model | None:
    """The model whose outputs these are, None when they are none of the family's.

    ``task`` and ``labels`` as the configuration says. Raises ModelError for contradictions.
    """
    outputs = _table_and_prototypes(signature)
    if outputs is None:
        return None
    table, prototypes = outputs
    return _Reader(graph, table, prototypes, declared, task, labels).model()


def anchor_counts(size: Size) -> set[int]:
    """How many anchors a model of the family may have for an input of ``size``."""
    return {sum((size.width // s) * (size.height // s) for s in strides) for strides in PYRAMIDS}


def _table_and_prototypes(signature: Signature) -> tuple[TensorSpec, TensorSpec | None] | None:
    match sorted(signature.outputs, key=lambda tensor: len(tensor.shape)):
        case [TensorSpec(shape=(_, a, b)) as table] if a > 0 and b > 0:
            return table, None
        case [TensorSpec(shape=(_, a, b)) as table, TensorSpec(shape=(_, _, _, _)) as prototypes] if (
            a > 0 and b > 0
        ):
            return table, prototypes
        case _:
            return None


@dataclass(frozen=True, slots=True)
class _Reader:
    graph: Graph
    table: TensorSpec
    prototypes: TensorSpec | None
    declared: Declared
    wanted_task: Task | None
    labels: tuple[str, ...] | None

    def model(self) -> Model | None:
        _, first, second = self.table.shape
        counts = anchor_counts(self.graph.input.size)
        if second in counts and first >= BOX + 1:
            return self._anchors(first, anchors_first=False)
        if first in counts and second >= BOX + 1:
            plain = second == ROW and self.declared.task is None and self.task(ROW, ROW) == "detect"
            if plain and (self.labels is None or len(self.labels) != ROW - BOX):
                return self._rows(second, "DeepStream-Yolo", overlapping=True)
            return self._anchors(second, anchors_first=True)
        if first <= MOST_ROWS and second >= ROW:
            return self._rows(second, "end-to-end YOLO", overlapping=False)
        return None

    def _anchors(self, columns: int, *, anchors_first: bool) -> Yolo:
        task = self.task(columns, BOX)
        extras = self._extras(task, columns, BOX)
        count = columns - BOX - extras.width
        if count < 1:
            raise self._contradiction(f"task {task} with {columns} columns leaves no class")
        names = self._names(count, task)
        layout = "[B, A, 4+C]" if anchors_first else "[B, 4+C, A]"
        return Yolo(
            name=self.declared.name or self.graph.file.stem,
            task=task,
            reading=self._reading(f"YOLOv8/YOLO11 {task} {layout}", f"{count} classes", extras),
            classes=names,
            graph=self._graph(),
            extras=extras,
            anchors_first=anchors_first,
            normalised=self._normalised,
        )

    def _rows(self, columns: int, kind: str, *, overlapping: bool) -> YoloRows:
        task = self.task(columns, ROW)
        extras = self._extras(task, columns, ROW)
        if columns != ROW + extras.width:
            raise self._contradiction(f"task {task} has {ROW + extras.width} columns a row, not {columns}")
        names = self.labels or self.declared.names or (("person",) if task == "pose" else COCO_CLASSES)
        said = "" if self.labels or self.declared.names else " (the file names none: taken as COCO's)"
        return YoloRows(
            name=self.declared.name or self.graph.file.stem,
            task=task,
            reading=self._reading(f"{kind} {task} [B, N, {columns}]", f"{len(names)} classes{said}", extras),
            classes=names,
            graph=self._graph(),
            extras=extras,
            normalised=self._normalised,
            overlapping=overlapping,
        )

    def task(self, columns: int, fixed: int) -> Task:
        """As configured, as the metadata says, or else from the shapes."""
        task = self.wanted_task or self.declared.task or self._task_by_shape(columns, fixed)
        if (task == "segment") != (self.prototypes is not None):
            there = "there are" if self.prototypes is not None else "there are no"
            raise self._contradiction(f"task {task}, but {there} prototypes")
        return task

    def _task_by_shape(self, columns: int, fixed: int) -> Task:
        if self.prototypes is not None:
            return "segment"
        one_person = fixed + (fixed == BOX)
        return "pose" if columns == one_person + 3 * COCO_KEYPOINTS else "detect"

    def _extras(self, task: Task, columns: int, fixed: int) -> Extras:
        if task == "segment":
            return Extras(mask_weights=self._prototype_count())
        if task == "obb":
            return Extras(angle=True)
        if task == "pose":
            points, values = self.declared.keypoints or self._points_by_shape(columns, fixed)
            return Extras(keypoints=points, point_values=values)
        return Extras()

    def _points_by_shape(self, columns: int, fixed: int) -> tuple[int, int]:
        """One class, unless the labels say otherwise; three values a point where that comes out even."""
        classes = (len(self.labels or self.declared.names or ("person",))) if fixed == BOX else 0
        rest = columns - fixed - classes
        values = 3 if rest % 3 == 0 else 2
        if rest <= 0 or rest % values:
            raise self._contradiction(f"task pose, but {columns} columns leave no whole keypoints")
        return rest // values, values

    def _prototype_count(self) -> int:
        shape = self.prototypes.shape if self.prototypes is not None else ()
        size = self.graph.input.size
        match shape:
            case (_, count, height, width) if height * size.width == width * size.height and count > 0:
                return count
            case (_, height, width, count) if height * size.width == width * size.height and count > 0:
                return count
        raise self._contradiction(f"prototypes {self.prototypes} don't have the input's aspect")

    def _names(self, count: int, task: Task) -> tuple[str, ...]:
        usual = ("person",) if task == "pose" and count == 1 else None
        return class_names(self.graph.file, self.labels, self.declared.names or usual, count)

    def _graph(self) -> Graph:
        outputs = (self.table,) if self.prototypes is None else (self.table, self.prototypes)
        return replace(self.graph, outputs=outputs)

    @property
    def _normalised(self) -> bool:
        """TensorFlow's exports, which alone have this layout, state coordinates as fractions."""
        return self.graph.layout == "NHWC"

    def _reading(self, kind: str, classes: str, extras: Extras) -> str:
        parts = [kind, classes]
        if extras.keypoints:
            parts.append(f"{extras.keypoints} keypoints of {extras.point_values} values")
        if extras.mask_weights:
            parts.append(f"{extras.mask_weights} prototypes")
        parts.append("coordinates as fractions" if self._normalised else "coordinates in input pixels")
        told = (
            "the configuration"
            if self.wanted_task
            else "its metadata"
            if self.declared.task
            else "its shapes"
        )
        return f"{', '.join(parts)}; told from {told}"

    def _contradiction(self, what: str) -> ModelError:
        tables = ", ".join(map(str, filter(None, (self.table, self.prototypes))))
        return ModelError(
            f"model {self.graph.file}: {what}. Found: outputs {tables}. Set model.task to what the model is: "
            "detect, pose, segment or obb"
        )
