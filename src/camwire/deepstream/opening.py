"""The DeepStream engine as a worker gets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from camwire.analytics.rules.events import Event
from camwire.deepstream.engine import DeepstreamEngine
from camwire.deepstream.native_metadata import NativeMetadata
from camwire.devices.contracts import Device
from camwire.pipeline.lane import Publisher


def open_engine(
    device: Device, publish: Publisher, *, on_events: Callable[[Sequence[Event]], None]
) -> DeepstreamEngine:
    """With DeepStream's own metadata. What is missing is told when there is something to do."""
    return DeepstreamEngine(device, publish, metadata=NativeMetadata(), on_events=on_events)
