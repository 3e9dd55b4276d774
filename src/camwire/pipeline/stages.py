"""What a batch goes through, as one value: replaced as a whole when the configuration changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from camwire.analytics.rules.events import Event
from camwire.devices.contracts import Device, Overlay
from camwire.frames import Batch, Detections, Size, Tracks
from camwire.link.pictures import Rendition
from camwire.pipeline.renditions import NvdsLookup, Views, unanalysed
from camwire.tracking import Tracker


class Analyser(Protocol):
    """Applies rules to what is tracked, batch after batch in the order of time."""

    def step(self, batch: Batch, tracks: Tracks) -> Sequence[Event]: ...
    def forget(self, camera: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Stages:
    """A batch reads this once, when it sets out, so that a change never meets it halfway."""

    device: Device
    detect: Callable[[Batch], Detections]
    tracker: Tracker
    analysis: Analyser
    overlay: Overlay
    views: Views
    """What anyone wants of each camera; nothing else is drawn or encoded."""
    max_fps: float
    jpeg_quality: int
    thumbnail: Size
    """Thumbnails fit into this."""
    event_pictures: tuple[Rendition, ...] = ()
    """What is made of frames in which rules report something, whether or not anyone watches."""
    batch_sizes: tuple[int, ...] = ()
    """Of batches that suit ``detect``, ascending; none: any."""
    analysed: NvdsLookup = unanalysed
    """For messages about objects."""
