"""Objects in a batch: scale, infer, decode, thin out, map back to the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import structlog

from camwire.cores import bounds
from camwire.devices.contracts import Device, Preprocessor
from camwire.frames import Batch, Detections, Size
from camwire.link.desired import DesiredModel
from camwire.models import Model, Overrides, RawDetections, load_model
from camwire.models.contract import Task
from camwire.models.inputs import COMMON, input_for
from camwire.models.labels import read_labels
from camwire.models.nms import suppress
from camwire.models.placing import in_pictures
from camwire.pipeline.interval import Intervals
from camwire.pipeline.selection import Limits, Selection
from camwire.runtimes import Runtime, choose_runtime

MOST_CANDIDATES = 3000
"""Boxes a frame that are compared with each other, the best ones; a bound for absurdly low thresholds."""
TASKS: dict[str, Task | None] = {
    "auto": None,
    "detect": "detect",
    "pose": "pose",
    "segment": "segment",
    "obb": "obb",
}
LOADED = ("file", "stamps", "runtime", "precision", "task", "input_size", "resize", "labels")
"""Settings that take effect when a model is loaded; the others choose among what it says."""

log = structlog.get_logger()


class Detector:
    """A model on a runtime, from frames to boxes in picture pixels. Any thread may call it."""

    def __init__(
        self,
        preprocess: Preprocessor,
        runtime: Runtime,
        model: Model,
        settings: DesiredModel,
        carried_from: float | None = None,
    ) -> None:
        """``carried_from`` as in Selection. Raises ModelError for a class that the model doesn't have."""
        self._preprocess = preprocess
        self._runtime = runtime
        self._model = model
        self._settings = settings
        self._selection = Selection(model.classes, settings, carried_from)
        self._intervals = Intervals({camera: own.detect_interval for camera, own in settings.cameras.items()})

    @classmethod
    def load(cls, settings: DesiredModel, device: Device, carried_from: float | None = None) -> Self:
        """The detector that ``settings`` ask for, warmed up. Raises ModelError."""
        model = load_model(settings.file, overrides_of(settings))
        choice = choose_runtime(settings.runtime, model.graph, settings.precision)
        detector = cls(device.preprocess, choice.runtime, model, settings, carried_from)
        choice.runtime.prepare(input_for(model.graph.input, choice.runtime.step, [COMMON]).size)
        log.info(
            "model ready",
            model=detector.describe(),
            outputs=model.reading,
            runtime_because=choice.reason,
            threads=bounds(),
        )
        return detector

    def changed(self, settings: DesiredModel, device: Device, carried_from: float | None = None) -> Self:
        """The detector for other settings; nothing is loaded where thresholds and classes alone differ.

        Raises ModelError.
        """
        if any(getattr(settings, name) != getattr(self._settings, name) for name in LOADED):
            return self.load(settings, device, carried_from)
        return type(self)(self._preprocess, self._runtime, self._model, settings, carried_from)

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._model.classes

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Any."""
        return ()

    @property
    def loaded(self) -> object:
        return self._runtime

    def describe(self) -> str:
        """Model, input sizes in use, runtime and precision: `NanoDet-g 416×256, OpenVINO FP32`."""
        sizes = " and ".join(f"{size.width}×{size.height}" for size in self._runtime.sizes)
        return f"{self._model.name} {sizes}, {self._runtime.describe()}"

    def __call__(self, batch: Batch) -> Detections:
        """The objects of every frame that is due, in a frame by score downwards, clipped to the picture and
        never empty. Raises ModelError when the model says what makes no sense."""
        return self._intervals.look(batch, self._look)

    def _look(self, batch: Batch) -> Detections:
        model, frames = self._model, batch.frames
        spec = input_for(model.graph.input, self._runtime.step, [frame.source_size for frame in frames])
        fed = self._preprocess(batch, spec)
        limits = self._selection.limits(frame.camera for frame in frames)
        raw = model.decode(self._runtime.infer(fed.pixels), spec.size, limits.score)
        found = in_pictures(thinned(raw, limits, overlapping=model.overlapping), fed, batch)
        return self._selection.weighed(found, limits)


def overrides_of(settings: DesiredModel) -> Overrides:
    """What the settings say about the model's file. Raises ModelError for labels that can't be read."""
    return Overrides(
        task=TASKS[settings.task],
        size=None if settings.input_size is None else Size(*settings.input_size),
        keep_aspect=None if settings.resize == "auto" else settings.resize == "letterbox",
        labels=None if settings.labels is None else read_labels(Path(settings.labels)),
    )


def thinned(raw: RawDetections, limits: Limits, *, overlapping: bool = True) -> RawDetections:
    """``raw`` without doubles, by ``limits`` [B, C]; in a frame by score downwards.

    In each class of each frame: non-maximum suppression unless the boxes aren't ``overlapping``, scores at
    or below ``limits.final`` left out, the first ``limits.most`` kept. (NVIDIA DeepStream, nvinfer.)
    """
    raw = _best(raw, MOST_CANDIDATES)
    own = raw.frame_index, raw.classes
    groups = raw.frame_index.astype(np.int64) * limits.score.shape[1] + raw.classes
    if overlapping:
        kept = suppress(raw.boxes, raw.scores, groups, limits.iou[own], raw.oriented)
    else:
        kept = np.lexsort((-raw.scores, groups))
    kept = kept[(raw.scores > limits.final[own])[kept]]
    rank = np.arange(len(kept)) - np.searchsorted(groups[kept], groups[kept])
    kept = np.sort(kept[rank < limits.most[own][kept]])
    return raw.take(kept[np.lexsort((-raw.scores[kept], raw.frame_index[kept]))])


def _best(raw: RawDetections, most: int) -> RawDetections:
    """The ``most`` rows a frame with the highest scores, in the order in which they came."""
    if len(raw) <= most:
        return raw
    order = np.lexsort((-raw.scores, raw.frame_index))
    rank = np.arange(len(raw)) - np.searchsorted(raw.frame_index, raw.frame_index)
    return raw.take(np.sort(order[rank < most]))
