"""What DeepStream keeps in a buffer's batch metadata, found by a mark that travels with the buffer."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from camwire.analytics.nvdsanalytics.results import FrameResult
from tests.support.deepstream_stand_ins.base import Gst

MOST = 512
_MARK = Gst.Caps.from_string("timestamp/x-batch-metadata")


@dataclass
class Object:
    class_id: int
    score: float
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2."""
    id: int = 2**64 - 1
    text: str = ""


@dataclass
class Frame:
    pad: int
    pts: int
    captured: float
    size: tuple[int, int]
    source_size: tuple[int, int]
    inferred: bool = False
    objects: list[Object] = field(default_factory=list)
    analytics: FrameResult | None = None
    outputs: np.ndarray | None = None
    """What nvinfer put out for it."""
    strokes: list[Stroke] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)


@dataclass(frozen=True)
class Stroke:
    """A line of the display metadata."""

    ends: tuple[int, int, int, int]
    width: int
    colour: tuple[float, float, float]
    """Red, green, blue, 0 to 1."""


@dataclass(frozen=True)
class Sign:
    """A text of the display metadata."""

    place: tuple[int, int]
    size: int
    colour: tuple[float, float, float]
    words: str


@dataclass(frozen=True)
class Part:
    """What a row of the preprocessed tensor is of."""

    position: int
    """Of the frame."""
    numbers: tuple[float, float, float, float, float, float, float, float]
    """Left, top, width, height, scales, offsets."""


@dataclass
class Batch:
    frames: list[Frame]
    tensor: np.ndarray | None = None
    """[N, C, H, W] from nvdspreprocess."""
    tensor_name: str = ""
    parts: list[Part] = field(default_factory=list)
    latencies: list[tuple[str, float]] = field(default_factory=list)
    """Element, milliseconds."""
    native: Any = None
    """The same in DeepStream's own structures, once somebody wants that."""


_numbers = itertools.count(1)
_lock = threading.Lock()
_batches: OrderedDict[int, Batch] = OrderedDict()


def attach(buffer: Any, frames: list[Frame]) -> None:
    number = next(_numbers)
    buffer.add_reference_timestamp_meta(_MARK, number, 0)
    with _lock:
        _batches[number] = Batch(frames)
        while len(_batches) > MOST:
            _batches.popitem(last=False)


def batch_of(buffer: Any) -> Batch:
    mark = buffer.get_reference_timestamp_meta(_MARK)
    with _lock:
        return _batches[mark.timestamp]


def frames_of(buffer: Any) -> list[Frame]:
    return batch_of(buffer).frames
