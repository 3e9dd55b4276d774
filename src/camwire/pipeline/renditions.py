"""What is made of a frame: a full picture, a thumbnail, a picture without overlay, a list of its objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from camwire.devices.contracts import Overlay
from camwire.frames import Batch, Float32Array, Frame, Size, Tracks
from camwire.link.desired import DesiredState
from camwire.link.pictures import FrameObjects, NvdsFrame, Rendition, encode_objects

Views = Mapping[str, Mapping[Rendition, float]]
"""By camera and rendition: how often a second at most; 0 as often as pictures come."""


NvdsLookup = Callable[[Frame], NvdsFrame | None]
"""What DeepStream's rules say of a frame; None where they don't run."""


def unanalysed(frame: Frame) -> None:  # noqa: ARG001
    """Where they don't run."""
    return


@dataclass(frozen=True, slots=True)
class Made:
    """A payload for the link, of the frame at ``index`` of a batch."""

    index: int
    rendition: Rendition
    frame: Frame
    """Its size is the payload's picture's."""
    payload: bytes


@dataclass(frozen=True, slots=True)
class Scene:
    """What to draw, and onto what."""

    batch: Batch
    tracks: Tracks
    overlay: Overlay


def wanted_views(desired: DesiredState) -> Views:
    """All that is wanted, with the highest rate where something is wanted twice."""
    views: dict[str, dict[Rendition, float]] = {camera: {"full": 0.0} for camera in desired.watched}
    for view in desired.views:
        known = views.setdefault(view.camera, {})
        known[view.rendition] = higher_cap(known.get(view.rendition, view.max_fps), view.max_fps)
    return views


def higher_cap(one: float, other: float) -> float:
    """Of two caps, of which 0 means none, the one that lets more through."""
    return max(one, other) if one and other else 0.0


def lower_cap(one: float, other: float) -> float:
    """Of two caps, of which 0 means none, the one that lets less through."""
    return min(one, other) if one and other else one or other


class Look(Protocol):
    """How pictures look."""

    @property
    def overlay(self) -> Overlay: ...
    @property
    def thumbnail(self) -> Size: ...


def scene_for(rendition: Rendition, batch: Batch, tracks: Tracks, stages: Look) -> Scene:
    """The batch and its tracks as they are, scaled down, or without anything to draw."""
    if rendition == "clean":
        return Scene(batch, Tracks.empty(), Overlay(frozenset(), stages.overlay.class_names))
    if rendition == "thumbnail":
        return Scene(*_scaled(batch, tracks, stages.thumbnail), stages.overlay)
    return Scene(batch, tracks, stages.overlay)


def _scaled(batch: Batch, tracks: Tracks, bound: Size) -> tuple[Batch, Tracks]:
    sizes = [frame.size.fitted_into(bound) for frame in batch.frames]
    factors = np.array(
        [
            (size.width / frame.size.width, size.height / frame.size.height)
            for size, frame in zip(sizes, batch.frames, strict=True)
        ],
        np.float32,
    )[tracks.frame_index]
    small = replace(
        batch,
        frames=tuple(replace(frame, size=size) for frame, size in zip(batch.frames, sizes, strict=True)),
    )
    return small, replace(
        tracks,
        boxes=tracks.boxes * np.tile(factors, 2),
        velocities=tracks.velocities * factors,
        traces=tracks.traces * factors[:, None],
        keypoints=_scaled_keypoints(tracks.keypoints, factors),
        corners=None if tracks.corners is None else tracks.corners * factors[:, None],
    )


def _scaled_keypoints(keypoints: Float32Array | None, factors: Float32Array) -> Float32Array | None:
    if keypoints is None:
        return None
    scaled = keypoints.copy()
    scaled[..., :2] *= factors[:, None]
    return scaled


def objects_of(
    batch: Batch,
    indices: Sequence[int],
    tracks: Tracks,
    class_names: Sequence[str],
    analysed: NvdsLookup = unanalysed,
) -> list[Made]:
    """The tracked objects of each frame, as a message; ``analysed`` tells what DeepStream's rules said."""
    made = []
    for index in indices:
        rows = tracks.rows_of(index)
        objects = FrameObjects(
            ids=tracks.ids[rows].tolist(),
            classes=[class_names[number] for number in tracks.classes[rows].tolist()],
            scores=[round(score, 3) for score in tracks.scores[rows].tolist()],
            boxes=[[round(side, 1) for side in box] for box in tracks.boxes[rows].tolist()],
            nvdsanalytics=analysed(batch.frames[index]),
        )
        made.append(Made(index, "objects", batch.frames[index], encode_objects(objects)))
    return made
