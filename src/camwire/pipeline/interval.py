"""Which frames the detector looks at: every k-th of a camera."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from camwire.frames import Batch, BoolArray, Detections, Frame


class Intervals:
    """Lets one frame of every k successive ones of a camera through. Any number of threads may ask.

    Frames are counted as they were decoded, so that a camera of which some are left out for lack of time is
    looked at as often in a second as one of which none are.
    """

    def __init__(self, intervals: Mapping[str, int]) -> None:
        """k for each camera; cameras that aren't named are looked at in every frame."""
        self._intervals = {camera: k for camera, k in intervals.items() if k > 1}
        self._last: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def look(self, batch: Batch, detect: Callable[[Batch], Detections]) -> Detections:
        """What ``detect`` finds in a batch's frames that are due, as of the whole batch."""
        due = self.due(batch.frames)
        if due is None:
            return detect(batch)
        positions = np.flatnonzero(due).astype(np.int32)
        if not len(positions):
            return replace(Detections.empty(), detected=due)
        found = detect(replace(batch, frames=tuple(batch.frames[index] for index in positions)))
        return replace(found, frame_index=positions[found.frame_index], detected=due)

    def due(self, frames: Sequence[Frame]) -> BoolArray | None:
        """[B] which of a batch's frames to look at; None for all."""
        if not self._intervals:
            return None
        with self._lock:
            due = np.array([self._is_due(frame) for frame in frames], np.bool_)
        return None if due.all() else due

    def _is_due(self, frame: Frame) -> bool:
        interval = self._intervals.get(frame.camera)
        if interval is None:
            return True
        # A new connection may show anything; its first frame is always looked at.
        window = frame.epoch, frame.sequence // interval
        if window <= self._last.get(frame.camera, (-1, -1)):
            return False
        self._last[frame.camera] = window
        return True
