"""The tracker that suits a device."""

from __future__ import annotations

from camwire.devices.contracts import Device
from camwire.link.desired import DesiredTracker
from camwire.models import ModelError
from camwire.pipeline.details import DetailedTracker
from camwire.pipeline.sight import pictures_of
from camwire.tracking import Tracker, apart, create


def load_tracker(settings: DesiredTracker, score_threshold: float, device: Device) -> Tracker:
    """A tracker that is to be closed. Raises ModelError.

    Beside a GPU it has a process of its own: with dozens of cameras, the interpreter of the worker is what
    everything waits for. On a CPU the cores are, and a process more would only take memory.
    """
    make = create if device.name == "cpu" else apart.create
    try:
        tracker = make(settings, score_threshold=score_threshold, pictures=pictures_of(device))
    except (ValueError, apart.ProcessEndedError) as error:
        raise ModelError(f"tracker: {error}") from None
    return DetailedTracker(tracker)
