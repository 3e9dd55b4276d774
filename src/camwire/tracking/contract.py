"""What a tracker is to the rest of camwire."""

from __future__ import annotations

from typing import Protocol

from camwire.frames import Batch, Detections, Tracks


class Tracker(Protocol):
    """Follows the objects of many cameras at once.

    Not for use by two threads at the same time. Cameras are independent: what a camera's tracks become
    depends on its own frames alone, whichever other cameras share its batches.
    """

    def step(self, batch: Batch, detections: Detections) -> Tracks:
        """Advance all cameras of ``batch`` by their frames; cameras that aren't in it keep still.

        ``detections`` may be in any order within a frame; invalid boxes are left out, counted and logged.
        """

    def forget(self, camera: str) -> None:
        """Drop a removed camera's tracks. Should it come back, its ids go on where they ended."""

    @property
    def pid(self) -> int | None:
        """The id of the process that does the work; None: this one does it."""

    def close(self) -> None:
        """Give up what the tracker holds besides memory; it is not used any more."""
