"""The detector of a CUDA device: like ``Detector``, but pictures stay on the GPU and boxes come back."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Self

import numpy as np
import structlog

from camwire.devices.contracts import Device
from camwire.devices.cuda.detect import CudaDetector
from camwire.frames import Batch, Detections
from camwire.link.desired import DesiredModel
from camwire.pipeline.detector import LOADED, overrides_of
from camwire.pipeline.interval import Intervals
from camwire.pipeline.selection import NO_BOUND, Limits, Selection
from camwire.runtimes.networks import choose_network

log = structlog.get_logger()


class GpuDetector:
    """A network on a GPU with a configuration's thresholds. Any thread may call it."""

    def __init__(
        self, network: CudaDetector, settings: DesiredModel, carried_from: float | None = None
    ) -> None:
        """``carried_from`` as in Selection. Raises ModelError for a class that the model doesn't have."""
        self._network = network
        self._settings = settings
        self._selection = Selection(network.class_names, settings, carried_from)
        self._intervals = Intervals({camera: own.detect_interval for camera, own in settings.cameras.items()})

    @classmethod
    def load(cls, settings: DesiredModel, device: Device, carried_from: float | None = None) -> Self:
        """The detector that ``settings`` ask for, ready. Raises ModelError."""
        index = int(device.name.partition(":")[2])
        with on_gpu(index):
            choice = choose_network(
                settings.file,
                settings.runtime,
                overrides_of(settings),
                device.batch_size,
                full_precision=settings.precision == "full",
            )
        network = CudaDetector(index, choice.network, batch_size=device.batch_size, lanes=device.detecting)
        log.info("model ready", model=network.describe(), runtime_because=choice.reason)
        return cls(network, settings, carried_from)

    def changed(self, settings: DesiredModel, device: Device, carried_from: float | None = None) -> Self:
        """As ``Detector.changed`` says."""
        if any(getattr(settings, name) != getattr(self._settings, name) for name in LOADED):
            return self.load(settings, device, carried_from)
        return type(self)(self._network, settings, carried_from)

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._network.class_names

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Those that the network has graphs for, ascending."""
        return self._network.batch_sizes

    @property
    def loaded(self) -> object:
        return self._network

    def describe(self) -> str:
        """Model, input size, runtime and precision: `yolo11s 640×384, PyTorch FP16`."""
        return self._network.describe()

    def __call__(self, batch: Batch) -> Detections:
        """The objects of every frame that is due, in a frame by score downwards, clipped to the picture and
        never empty. Raises ModelError when the model says what makes no sense."""
        return self._intervals.look(batch, self._look)

    def _look(self, batch: Batch) -> Detections:
        limits = self._selection.limits(frame.camera for frame in batch.frames)
        found = surest(self._network(batch, limits.score, limits.iou), limits)
        return self._selection.weighed(found, limits)


def surest(found: Detections, limits: Limits) -> Detections:
    """Without scores at or below ``limits.final``, and of each class of each frame the first ``limits.most``.

    ``found`` has no doubles any more and is ordered by score in each frame; the order stays.
    """
    own = found.frame_index, found.classes
    kept = np.flatnonzero(found.scores > limits.final[own])
    if limits.most.min() < NO_BOUND:
        groups = (found.frame_index.astype(np.int64) * limits.most.shape[1] + found.classes)[kept]
        order = np.argsort(groups, kind="stable")
        rank = np.empty(len(kept), np.intp)
        rank[order] = np.arange(len(kept)) - np.searchsorted(groups[order], groups[order])
        kept = kept[rank < limits.most[own][kept]]
    if len(kept) == len(found):
        return found
    return found.take(kept)


def on_gpu(index: int) -> AbstractContextManager[object]:
    """GPU ``index`` is the current one within."""
    import torch

    current: AbstractContextManager[object] = torch.cuda.device(index)
    return current
