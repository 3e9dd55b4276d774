"""Trackers: how detections of one object become one identity.

:func:`create` makes a tracker from its configuration; :class:`Tracker` is what every one of them can do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from camwire.tracking.bytetrack import ByteTrack, ByteTrackParameters
from camwire.tracking.contract import Tracker
from camwire.tracking.engine import Engine, IdReset
from camwire.tracking.nvtracker import files, presets
from camwire.tracking.nvtracker.build import nvtracker
from camwire.tracking.nvtracker.pictures import NoPictureError
from camwire.tracking.ocsort import OcSort, OcSortParameters

__all__ = ["Tracker", "create", "known", "weakest_score"]

CARRYING_SHARE = 0.5
"""Of the score threshold: weaker detections, down to this, carry a track on but begin none."""

NVTRACKERS = {
    "sort": presets.SORT,
    "dcf": presets.DCF,
    "iou": presets.IOU,
    "nvsort": presets.NVSORT,
    "nvdcf_perf": presets.NVDCF_PERF,
    "nvdcf_accuracy": presets.NVDCF_ACCURACY,
}
"""Trackers of DeepStream's family by name."""


class TrackerChoice(Protocol):
    """What :func:`create` wants to know; the configuration and the worker's desired state both tell it."""

    @property
    def type(self) -> str:
        """The algorithm, one of :func:`known`."""

    @property
    def config(self) -> str | None:
        """Path of a DeepStream low-level tracker file that takes the place of the type."""

    @property
    def id_reset(self) -> str:
        """An :class:`IdReset`."""

    @property
    def trace_length(self) -> int:
        """Points kept of an object's way."""


def known() -> tuple[str, ...]:
    """The names of all trackers."""
    return ("bytetrack", "ocsort", *NVTRACKERS)


def create(choice: TrackerChoice, *, score_threshold: float | None = None) -> Tracker:
    """The tracker that the configuration asks for.

    ``score_threshold``: the score from which on a detection counts as an object; None: what the tracker's
    authors chose for their detector. Raises ValueError for an unknown type or a low-level tracker file that can't be used.
    """
    id_reset = IdReset(choice.id_reset)
    if choice.config is not None:
        return Engine(nvtracker(files.load(Path(choice.config))), choice.trace_length, id_reset)
    if choice.type == "bytetrack":
        return Engine(ByteTrack(_bytetrack_parameters(score_threshold)), choice.trace_length, id_reset)
    if choice.type == "ocsort":
        return Engine(OcSort(OcSortParameters()), choice.trace_length, id_reset)
    if choice.type in NVTRACKERS:
        return Engine(nvtracker(NVTRACKERS[choice.type]), choice.trace_length, id_reset)
    raise ValueError(f"unknown tracker type {choice.type!r}; known: {', '.join(known())}")


def weakest_score(choice: TrackerChoice, score_threshold: float) -> float:
    """The score from which on the tracker wants detections, where objects begin at ``score_threshold``."""
    carries = choice.type == "bytetrack" and choice.config is None
    return score_threshold * CARRYING_SHARE if carries else score_threshold


def _bytetrack_parameters(score_threshold: float | None) -> ByteTrackParameters:
    """Detectors differ in how sure they are of what is there: strong is what the user calls an object."""
    if score_threshold is None:
        return ByteTrackParameters()
    return ByteTrackParameters(high_score=score_threshold, new_track_score=min(score_threshold + 0.1, 1.0))
