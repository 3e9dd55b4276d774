"""The one way to what DeepStream knows of a buffer: its frames, its objects, its pictures.

GStreamer's Python binding knows nothing of it, so whoever implements ``Metadata`` gets at it from the
buffer's address: a C library with DeepStream itself, plain Python with the stand-ins of the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from camwire.analytics.nvdsanalytics.results import FrameResult
from camwire.deepstream.display import Display
from camwire.deepstream.tensors import DeviceTensor
from camwire.frames import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array

UInt64Array = NDArray[np.uint64]

UNTRACKED = 2**64 - 1
"""The id of an object that no tracker has seen."""


@dataclass(frozen=True, slots=True)
class BatchMeta:
    """A batch's metadata as a struct of arrays: F frames, N objects."""

    pads: Int32Array
    """[F] the muxer's pad."""
    pts: Int64Array
    """[F] nanoseconds, the frame's own."""
    captured: Float64Array
    """[F] UTC, when the frame came to the muxer; 0 where that isn't known."""
    sizes: Int32Array
    """[F, 2] width and height in the batch: boxes are in these pixels."""
    source_sizes: Int32Array
    """[F, 2] width and height as they came."""
    inferred: BoolArray
    """[F] whether the detector looked at the frame."""
    frame_index: Int32Array
    """[N] ascending: the object's frame."""
    ids: UInt64Array
    """[N] the tracker's, or UNTRACKED."""
    classes: Int32Array
    """[N]."""
    scores: Float32Array
    """[N] the detection's; negative where the tracker alone has seen the object."""
    boxes: Float32Array
    """[N, 4] x1, y1, x2, y2."""
    analytics: Sequence[FrameResult | None] = ()
    """[F], or empty where no nvdsanalytics runs; an object's place is that among its frame's objects here."""
    latencies: Mapping[str, float] = field(default_factory=dict)
    """By element, milliseconds that it took for the batch; empty where DeepStream doesn't measure them."""

    def __len__(self) -> int:
        return len(self.pads)

    def only(self, frames: Sequence[int]) -> BatchMeta:
        """Of these frames, ascending."""
        rows = np.flatnonzero(np.isin(self.frame_index, frames))
        return BatchMeta(
            pads=self.pads[frames],
            pts=self.pts[frames],
            captured=self.captured[frames],
            sizes=self.sizes[frames],
            source_sizes=self.source_sizes[frames],
            inferred=self.inferred[frames],
            frame_index=np.searchsorted(frames, self.frame_index[rows]).astype(np.int32),
            ids=self.ids[rows],
            classes=self.classes[rows],
            scores=self.scores[rows],
            boxes=self.boxes[rows],
            analytics=[self.analytics[index] for index in frames] if self.analytics else (),
            latencies=self.latencies,
        )


class Metadata(Protocol):
    """Access to a buffer's metadata. Called on GStreamer's threads; the buffer is valid during the call."""

    def check(self, device: str, *, draws: bool) -> None:
        """Raises DeepstreamError where this can't work: at all, or, with ``draws``, for pictures on the
        device of this name."""

    def read(self, buffer: Any) -> BatchMeta:
        """Everything about a batch. Raises MetadataError for a buffer without."""

    def relabel(self, buffer: Any, rows: Int32Array, ids: Int64Array, texts: Sequence[str]) -> None:
        """Give the objects at ``rows`` these ids and texts, and remove all others from the batch."""

    def display(self, buffer: Any, display: Display) -> None:
        """Have nvdsosd draw this, too."""

    def tensors(self, buffer: Any) -> Sequence[DeviceTensor]:
        """What nvdspreprocess made of the batch, or nvinfer put out; empty where neither is there. They keep
        the buffer. Raises MetadataError for a tensor that can't be handed on."""

    @property
    def tensors_alive(self) -> int:
        """How many of them, and of the arrays made of them, there still are."""

    def picture(self, buffer: Any, index: int) -> Any:
        """The batch's ``index``-th picture in the form that the worker's device draws on. It stays valid as
        long as it is referenced."""


class MetadataError(Exception):
    """A buffer's metadata can't be read. The message is for people."""
