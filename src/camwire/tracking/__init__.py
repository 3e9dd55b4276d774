"""Trackers: how detections of one object become one identity.

:func:`create` makes a tracker from its configuration; :class:`Tracker` is what every one of them can do.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from camwire.tracking.bytetrack import ByteTrack, ByteTrackParameters
from camwire.tracking.contract import Tracker
from camwire.tracking.engine import Engine, IdReset, Method
from camwire.tracking.nvtracker import files, presets
from camwire.tracking.nvtracker.build import nvtracker
from camwire.tracking.nvtracker.parameters import NvTrackerParameters
from camwire.tracking.nvtracker.pictures import IN_MEMORY, NoPictureError, PictureReader, on_device
from camwire.tracking.ocsort import OcSort, OcSortParameters

__all__ = [
    "IN_MEMORY",
    "NoPictureError",
    "PictureReader",
    "Tracker",
    "create",
    "known",
    "on_device",
    "weakest_score",
]

CARRYING_SHARE = 0.5
"""Of the score threshold: weaker detections, down to this, carry a track on but begin none."""

OWN = {"sort": presets.SORT, "dcf": presets.DCF}
"""camwire's own trackers of DeepStream's family by name."""
DEEPSTREAM = {
    "iou": presets.IOU,
    "nvsort": presets.NVSORT,
    "nvdcf_perf": presets.NVDCF_PERF,
    "nvdcf_accuracy": presets.NVDCF_ACCURACY,
}
"""Those with the values that DeepStream ships, thresholds included."""


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
    return ("bytetrack", "ocsort", *OWN, *DEEPSTREAM)


def create(
    choice: TrackerChoice, *, score_threshold: float | None = None, pictures: PictureReader = IN_MEMORY
) -> Engine[Any]:
    """The tracker that the configuration asks for.

    ``score_threshold``: the score from which on a detection counts as an object; None: what the tracker's
    authors chose for their detector. DeepStream's values and files have thresholds of their own.
    ``pictures``: how trackers that look at pictures get to see them. Raises ValueError for an unknown type or
    a low-level tracker file that can't be used.
    """
    return Engine(_method(choice, score_threshold, pictures), choice.trace_length, IdReset(choice.id_reset))


def weakest_score(choice: TrackerChoice, score_threshold: float) -> float:
    """The score from which on the tracker wants detections, where objects begin at ``score_threshold``."""
    carries = choice.config is None and (choice.type == "bytetrack" or choice.type in OWN)
    return score_threshold * CARRYING_SHARE if carries else score_threshold


def _method(choice: TrackerChoice, score: float | None, pictures: PictureReader) -> Method[Any]:
    if choice.config is not None:
        return nvtracker(files.load(Path(choice.config)), pictures)
    if choice.type == "bytetrack":
        return ByteTrack(_bytetrack_parameters(score))
    if choice.type == "ocsort":
        return OcSort(OcSortParameters() if score is None else OcSortParameters(least_score=score))
    if choice.type in OWN:
        return nvtracker(_with_threshold(OWN[choice.type], score), pictures)
    if choice.type in DEEPSTREAM:
        return nvtracker(DEEPSTREAM[choice.type], pictures)
    raise ValueError(f"unknown tracker type {choice.type!r}; known: {', '.join(known())}")


def _bytetrack_parameters(score: float | None) -> ByteTrackParameters:
    """Detectors differ in how sure they are of what is there: strong is what the user calls an object."""
    if score is None:
        return ByteTrackParameters()
    return ByteTrackParameters(high_score=score, new_track_score=score)


def _with_threshold(of: NvTrackerParameters, score: float | None) -> NvTrackerParameters:
    """The same for DeepStream's family, where what isn't strong is tentative."""
    if score is None:
        return of
    return replace(
        of,
        base_config=replace(of.base_config, min_detector_confidence=score * CARRYING_SHARE),
        data_associator=replace(of.data_associator, tentative_detector_confidence=score),
    )
