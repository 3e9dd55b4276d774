"""What DeepStream's rules say of a frame, as the messages about its objects and the statistics tell it."""

from __future__ import annotations

from collections.abc import Sequence

from camwire.analytics.nvdsanalytics.results import FrameResult
from camwire.analytics.rules.moment import class_name
from camwire.link.pictures import NvdsFrame, NvdsObject


def nvds_frame(result: FrameResult, class_names: Sequence[str]) -> NvdsFrame:
    """As DeepStream attaches it; objects without anything to say are left out."""
    return NvdsFrame(
        oc_status=result.overcrowded,
        obj_in_roi_cnt=result.roi_counts,
        obj_lc_curr_cnt=result.line_counts,
        obj_lc_cum_cnt=result.line_totals,
        obj_cnt={class_name(class_names, number): count for number, count in result.object_counts.items()},
        objects={
            item.index: NvdsObject(
                roi_status=item.rois,
                oc_status=item.crowds,
                lc_status=item.lines,
                dir_status=item.direction,
                obj_status=item.status,
            )
            for item in result.objects
        },
    )


def nvds_summary(result: FrameResult, class_names: Sequence[str]) -> dict[str, dict[str, int]]:
    """As the statistics tell it: `inside`, `overcrowded` (0 or 1) and `crossed` (since the stream began) by
    label, `objects` by class."""
    return {
        "inside": dict(result.roi_counts),
        "overcrowded": {label: int(crowded) for label, crowded in result.overcrowded.items()},
        "crossed": dict(result.line_totals),
        "objects": {class_name(class_names, number): count for number, count in result.object_counts.items()},
    }
