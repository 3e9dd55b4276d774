"""Recorded cases: a configuration, frames with tracked objects, and what comes out of them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from camwire.analytics.nvdsanalytics.engine import NvdsAnalytics
from camwire.analytics.nvdsanalytics.history import TrackedObject
from camwire.analytics.nvdsanalytics.results import FrameResult, ObjectResult
from camwire.analytics.nvdsanalytics.settings import Settings

CaseObject = tuple[int, int, float, float, float, float]
"""Object id, class id, left, top, width, height."""

CaseFrame = tuple[int, int, int, int, list[CaseObject]]
"""Stream, width, height, PTS in nanoseconds, objects."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case file; what else it holds is ignored."""

    config: str
    config_format: Literal["ini", "yaml"] = "ini"
    frames: list[CaseFrame]
    name: str = "case"


def read_case(data: bytes) -> Case:
    """Raises ValueError where this is no case."""
    return msgspec.json.decode(data, type=Case)


def replayed(case: Case, settings: Settings) -> list[dict[str, Any]]:
    """What the rules say of each frame, in the form of a case file's ``expected``."""
    analytics = NvdsAnalytics(settings)
    return [
        as_expected(
            analytics.process(stream, (width, height), pts, [TrackedObject(*item) for item in objects])
        )
        for stream, width, height, pts, objects in case.frames
    ]


def as_expected(result: FrameResult | None) -> dict[str, Any]:
    """A frame's result as JSON has it; None, analytics switched off, becomes the passthrough marker."""
    if result is None:
        return {"passthrough": True}
    frame: dict[str, Any] = {
        "obj_in_roi_cnt": _sorted(result.roi_counts),
        "oc_status": _sorted(result.overcrowded),
        "lc_curr_cnt": _sorted(result.line_counts),
        "lc_cum_cnt": _sorted(result.line_totals),
        "obj_cnt": _sorted(result.object_counts),
        "objects": [_object(item) for item in result.objects],
    }
    if result.tied_counts:
        frame["obj_cnt_ties"] = _sorted(result.tied_counts)
    return frame


def _sorted(values: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): values[key] for key in sorted(values)}


def _object(result: ObjectResult) -> dict[str, Any]:
    """Lists and the direction are left out where they are empty."""
    optional = {"roi": result.rois, "oc": result.crowds, "lc": result.lines, "dir": result.direction}
    present = {name: value for name, value in optional.items() if value}
    return {"i": result.index, **present, "status": result.status}
