"""What the handlers of a running pipeline go by, as one value: replaced as a whole when something changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from camwire.deepstream.objects import TrackHistory
from camwire.devices.contracts import Overlay
from camwire.frames import Size
from camwire.link.pictures import Rendition
from camwire.pipeline.renditions import NvdsLookup, Views, unanalysed
from camwire.tracking import Tracker


@dataclass(frozen=True, slots=True)
class FlowScene:
    cameras: Mapping[int, str]
    """By the muxer's pad."""
    bound: Size | None
    """Pictures are fitted into this before they are sent; None: they are sent as they are."""
    history: TrackHistory
    """For nvtracker's objects."""
    tracker: Tracker | None
    """camwire's own; None: nvtracker's ids are taken."""
    relabels: bool
    """Whether DeepStream is to draw what camwire's tracker says."""
    drawn_here: bool
    """Whether camwire draws, rather than DeepStream."""
    overlay: Overlay
    views: Views
    max_fps: float
    jpeg_quality: int
    thumbnail: Size
    event_pictures: frozenset[Rendition] = frozenset()
    """What is made of frames in which rules report something, whoever watches."""
    analysed: NvdsLookup = unanalysed
    """For messages about objects."""
