"""What DeepStream's rules say of a frame, as the messages about its objects tell it."""

from __future__ import annotations

from collections.abc import Sequence

from camwire.analytics.nvdsanalytics.stream import FrameResult
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
