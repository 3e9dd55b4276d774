"""What nvdsanalytics says of each camera's newest frame, as clients are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from camwire.analytics.nvdsanalytics.results import FrameResult
from camwire.deepstream.metadata import UNTRACKED, BatchMeta
from camwire.deepstream.objects import camwire_ids
from camwire.frames import Batch, Frame, Tracks
from camwire.link.pictures import NvdsFrame
from camwire.pipeline.nvds_metadata import nvds_frame, nvds_summary


@dataclass(frozen=True, slots=True)
class _Newest:
    sequence: int
    frame: NvdsFrame
    summary: dict[str, dict[str, int]]


class NvdsResults:
    """One thread at a time notes; any may ask."""

    def __init__(self) -> None:
        self._newest: dict[str, _Newest] = {}

    def note(self, batch: Batch, meta: BatchMeta, tracks: Tracks, class_names: Sequence[str]) -> None:
        for index, result in enumerate(meta.analytics):
            if result is None:
                continue
            frame, placed = batch.frames[index], _placed(result, index, meta, tracks)
            self._newest[frame.camera] = _Newest(
                frame.sequence, nvds_frame(placed, class_names), nvds_summary(placed, class_names)
            )

    def frame_of(self, frame: Frame) -> NvdsFrame | None:
        """None where nvdsanalytics doesn't run, or the camera has a newer frame."""
        newest = self._newest.get(frame.camera)
        return newest.frame if newest is not None and newest.sequence == frame.sequence else None

    def summary_of(self, camera: str) -> dict[str, dict[str, int]]:
        """For the statistics; empty where nvdsanalytics doesn't run."""
        newest = self._newest.get(camera)
        return newest.summary if newest is not None else {}

    def forget(self, camera: str) -> None:
        self._newest.pop(camera, None)


def _placed(result: FrameResult, index: int, meta: BatchMeta, tracks: Tracks) -> FrameResult:
    """With the objects' places among the frame's tracks; what isn't tracked is left out."""
    if not result.objects:
        return result
    ids = meta.ids[meta.frame_index == index]
    known = tracks.ids[tracks.rows_of(index)].tolist()
    places = {identity: place for place, identity in enumerate(known)}
    place_of = [
        None if untracked else places.get(identity)
        for identity, untracked in zip(camwire_ids(ids).tolist(), ids == UNTRACKED, strict=True)
    ]
    return replace(
        result,
        objects=[
            replace(one, index=place) for one in result.objects if (place := place_of[one.index]) is not None
        ],
    )
