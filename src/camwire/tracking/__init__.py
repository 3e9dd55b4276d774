"""Trackers: how detections of one object become one identity.

:func:`create` makes a tracker from its configuration; :class:`Tracker` is what every one of them can do.
"""

from __future__ import annotations

from typing import Protocol

from camwire.tracking.bytetrack import ByteTrack, ByteTrackParameters
from camwire.tracking.contract import Tracker
from camwire.tracking.engine import Engine

__all__ = ["Tracker", "create"]


class TrackerChoice(Protocol):
    """What :func:`create` wants to know; the configuration and the worker's desired state both tell it."""

    @property
    def type(self) -> str:
        """The algorithm."""

    @property
    def trace_length(self) -> int:
        """Points kept of an object's way."""


def create(choice: TrackerChoice) -> Tracker:
    """The tracker that the configuration asks for. Raises ValueError for an unknown type."""
    if choice.type == "bytetrack":
        return Engine(ByteTrack(ByteTrackParameters()), choice.trace_length)
    raise ValueError(f"unknown tracker type {choice.type!r}; known: bytetrack")
