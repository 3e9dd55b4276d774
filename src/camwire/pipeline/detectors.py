"""The detector that suits a device."""

from __future__ import annotations

from typing import Protocol, Self

from camwire.devices.contracts import Device
from camwire.frames import Batch, Detections
from camwire.link.desired import DesiredModel
from camwire.pipeline.detector import Detector


class AnyDetector(Protocol):
    """A model with a configuration's thresholds. Any thread may call it."""

    @property
    def class_names(self) -> tuple[str, ...]: ...

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Of batches that suit the network, ascending; none: any."""

    @property
    def loaded(self) -> object:
        """Another one whenever something was loaded."""

    def describe(self) -> str:
        """Model, input size, runtime and precision, for people."""

    def __call__(self, batch: Batch) -> Detections:
        """The objects of every frame that is due. Raises ModelError."""

    def changed(self, settings: DesiredModel, device: Device, carried_from: float | None = None) -> Self:
        """The detector for other settings; nothing is loaded where thresholds and classes alone differ."""


def load_detector(settings: DesiredModel, device: Device, carried_from: float | None = None) -> AnyDetector:
    """Loads the model onto ``device`` and makes it ready, which takes seconds. Raises ModelError."""
    if device.name.startswith("cuda:"):
        from camwire.pipeline.gpu_detector import GpuDetector

        return GpuDetector.load(settings, device, carried_from)
    return Detector.load(settings, device, carried_from)
