"""What DeepStream keeps in a buffer's batch metadata, found by a mark that travels with the buffer."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

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
    analytics: dict[str, dict[str, int]] | None = None


_numbers = itertools.count(1)
_lock = threading.Lock()
_batches: OrderedDict[int, list[Frame]] = OrderedDict()


def attach(buffer: Any, frames: list[Frame]) -> None:
    number = next(_numbers)
    buffer.add_reference_timestamp_meta(_MARK, number, 0)
    with _lock:
        _batches[number] = frames
        while len(_batches) > MOST:
            _batches.popitem(last=False)


def frames_of(buffer: Any) -> list[Frame]:
    mark = buffer.get_reference_timestamp_meta(_MARK)
    with _lock:
        return _batches[mark.timestamp]
