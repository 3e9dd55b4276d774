"""What nvdsanalytics says, as the C library writes it down (``deepstream/metadata/analytics.h``)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from camwire.analytics.nvdsanalytics.results import FrameResult, ObjectResult


class _Object(msgspec.Struct):
    place: int
    roiStatus: list[str]  # noqa: N815 - DeepStream's names
    ocStatus: list[str]  # noqa: N815
    lcStatus: list[str]  # noqa: N815
    dirStatus: str  # noqa: N815
    objStatus: str  # noqa: N815


class _Frame(msgspec.Struct):
    ocStatus: dict[str, bool]  # noqa: N815
    objInROIcnt: dict[str, int]  # noqa: N815
    objLCCurrCnt: dict[str, int]  # noqa: N815
    objLCCumCnt: dict[str, int]  # noqa: N815
    objCnt: dict[int, int]  # noqa: N815
    objects: list[_Object]


_decoder = msgspec.json.Decoder(list[_Frame | None], strict=False)


def results_of(text: bytes) -> Sequence[FrameResult | None]:
    """One for each frame. DeepStream doesn't tell regions to filter by from those that may be overcrowded."""
    return [None if frame is None else _result(frame) for frame in _decoder.decode(text)]


def _result(frame: _Frame) -> FrameResult:
    return FrameResult(
        region_counts=frame.objInROIcnt,
        crowd_counts={},
        overcrowded=frame.ocStatus,
        line_counts=frame.objLCCurrCnt,
        line_totals=frame.objLCCumCnt,
        object_counts=frame.objCnt,
        tied_counts={},
        objects=[
            ObjectResult(
                index=one.place,
                rois=one.roiStatus,
                crowds=one.ocStatus,
                lines=one.lcStatus,
                direction=one.dirStatus,
                status=one.objStatus,
            )
            for one in frame.objects
        ],
    )
