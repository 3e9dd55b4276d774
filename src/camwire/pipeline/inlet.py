"""Where a source puts its frames, and what it may decode with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from camwire.devices.contracts import Device
from camwire.frames import Frame
from camwire.pipeline.device_faults import told_of_the_camera
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.slots import Slots


class Inlet:
    """Counts a frame, makes its picture the device's own, and puts it into the camera's slot."""

    def __init__(self, slots: Slots, recorder: Recorder, device: Device) -> None:
        self._slots = slots
        self._recorder = recorder
        self._device = device
        self._is_adopted = device.name != "cpu"

    def put(self, frame: Frame) -> None:
        """Raises SourceError where the device can't take the camera's pictures."""
        if self._is_adopted:
            frame = frame.with_picture(adopted(self._device, frame.picture))
        self._recorder.arrived(frame)
        if not self._slots.put(frame):
            self._recorder.lost((frame,), "stopped")

    def lose(self, frame: Frame) -> None:
        """Count a frame that came without a picture: those before it were still looked at."""
        self._recorder.arrived(frame)
        self._recorder.lost((frame,), "overwritten")


def adopted(device: Device, picture: Any) -> Any:
    """Raises SourceError: what the device can't take is that camera's reason."""
    with told_of_the_camera():
        return device.adopt(picture)


def hwaccel_of(device: Device) -> Callable[[], Any]:
    """``device.hwaccel`` for sources: that a GPU is full is a reason that they tell people."""

    def hwaccel() -> Any:
        with told_of_the_camera():
            return device.hwaccel()

    return hwaccel
