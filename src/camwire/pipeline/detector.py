"""Objects in a batch: scale, infer, decode, thin out, map back to the pictures."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
import structlog

from camwire.devices.contracts import Device, ModelInput, Preprocessor
from camwire.frames import Batch, Detections, Float32Array, Size
from camwire.models import Model, ModelError, RawDetections, load_model
from camwire.models.nms import suppress
from camwire.runtimes import Runtime, choose_runtime

COMMON = Size(1920, 1080)
"""The shape of picture for which a detector is made ready before the first camera; others follow when met."""
MOST_CANDIDATES = 3000
"""Boxes a frame that are compared with each other, the best ones; a bound for absurdly low thresholds."""

log = structlog.get_logger()


class DetectorSettings(Protocol):
    """What a detector is told; ``config.ModelConfig`` and ``link.DesiredModel`` are such."""

    @property
    def file(self) -> str: ...
    @property
    def runtime(self) -> str: ...
    @property
    def score_threshold(self) -> float: ...
    @property
    def iou_threshold(self) -> float: ...
    @property
    def classes(self) -> tuple[str, ...] | None: ...


class Detector:
    """A model on a runtime, from frames to boxes in picture pixels. Any thread may call it."""

    def __init__(
        self,
        preprocess: Preprocessor,
        runtime: Runtime,
        model: Model,
        score_threshold: float,
        iou_threshold: float,
        classes: Sequence[str] | None = None,
    ) -> None:
        """``classes``: only these, by name; None: all. Raises ModelError for an unknown name."""
        self._preprocess = preprocess
        self._runtime = runtime
        self._model = model
        self._thresholds = _thresholds(model.classes, score_threshold, classes)
        self._iou_threshold = iou_threshold

    @classmethod
    def load(cls, settings: DetectorSettings, device: Device) -> Self:
        """The detector that ``settings`` ask for, warmed up. Raises ModelError."""
        model = load_model(settings.file)
        choice = choose_runtime(settings.runtime, model.graph, device.name)
        choice.runtime.prepare(model.input_for([COMMON]).size)
        detector = cls(
            device.preprocess,
            choice.runtime,
            model,
            settings.score_threshold,
            settings.iou_threshold,
            settings.classes,
        )
        log.info("model ready", model=detector.describe(), runtime_because=choice.reason)
        return detector

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._model.classes

    def describe(self) -> str:
        """Model, input sizes in use, runtime and precision: `NanoDet-g 416×256, OpenVINO FP32`."""
        sizes = " and ".join(f"{size.width}×{size.height}" for size in self._runtime.sizes)
        return f"{self._model.name} {sizes}, {self._runtime.describe()}"

    def __call__(self, batch: Batch) -> Detections:
        """Every frame's objects, in a frame by score downwards, clipped to the picture and never empty."""
        spec = self._model.input_for([frame.source_size for frame in batch.frames])
        fed = self._preprocess(batch, spec)
        raw = self._model.decode(self._runtime.infer(fed.pixels), spec.size, self._thresholds)
        return in_pictures(thinned(raw, self._iou_threshold, len(self._model.classes)), fed, batch)


def thinned(raw: RawDetections, iou_threshold: float, class_count: int) -> RawDetections:
    """``raw`` after non-maximum suppression in each class of each frame; in a frame by score downwards."""
    raw = _best(raw, MOST_CANDIDATES)
    groups = raw.frame_index.astype(np.int64) * class_count + raw.classes
    kept = np.sort(suppress(raw.boxes, raw.scores, groups, iou_threshold))
    return _rows(raw, kept[np.lexsort((-raw.scores[kept], raw.frame_index[kept]))])


def in_pictures(raw: RawDetections, fed: ModelInput, batch: Batch) -> Detections:
    """``raw`` in picture pixels, clipped; what lies in the letterbox's bars alone is left out."""
    index = raw.frame_index
    sides = np.array([frame.size for frame in batch.frames], np.float32)
    corners = (raw.boxes.reshape(-1, 2, 2) - fed.offset[index, None]) / fed.scale[index, None]
    corners = np.clip(corners, np.float32(0), sides[index, None])
    inside = (corners[:, 1] > corners[:, 0]).all(axis=1)
    return Detections(
        boxes=corners[inside].reshape(-1, 4),
        scores=raw.scores[inside],
        classes=raw.classes[inside],
        frame_index=index[inside],
    )


def _best(raw: RawDetections, most: int) -> RawDetections:
    """The ``most`` rows a frame with the highest scores, in the order in which they came."""
    if len(raw) <= most:
        return raw
    order = np.lexsort((-raw.scores, raw.frame_index))
    rank = np.arange(len(raw)) - np.searchsorted(raw.frame_index, raw.frame_index)
    return _rows(raw, np.sort(order[rank < most]))


def _rows(raw: RawDetections, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> RawDetections:
    return RawDetections(raw.boxes[rows], raw.scores[rows], raw.classes[rows], raw.frame_index[rows])


def _thresholds(names: Sequence[str], score: float, wanted: Sequence[str] | None) -> Float32Array:
    """[C] float32: ``score`` for the classes wanted, infinity for the others."""
    if wanted is None:
        return np.full(len(names), score, np.float32)
    for name in wanted:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it knows: {', '.join(names)}"
            raise ModelError(f"the model has no class {name!r}; {hint}")
    return np.array([score if name in wanted else np.inf for name in names], np.float32)
