"""Made-up frames and detections for the trackers' tests."""

from collections.abc import Iterable, Sequence

import av
import numpy as np
from hypothesis import strategies as st

from camwire.frames import Batch, Detections, Frame, Size, Tracks

SIZE = Size(1280, 720)
SCENERY = av.VideoFrame.from_ndarray(np.random.default_rng(0).integers(0, 255, (90, 160), np.uint8), "gray")
"""A picture in which nothing moves; a tracker that looks at pictures has to do with it."""
Row = tuple[float, float, float, float, float, int]
"""x1, y1, x2, y2, score, class."""


def frame(
    camera: str,
    time: float,
    epoch: int = 0,
    size: Size = SIZE,
    arrived: float | None = None,
    turn: int = 0,
    picture: object = SCENERY,
) -> Frame:
    """A frame; it arrived when it was made unless told otherwise."""
    arrival = time if arrived is None else arrived
    return Frame(
        camera=camera,
        sequence=round(time * 1000),
        epoch=epoch,
        picture=picture,
        source_size=size,
        size=size,
        time=time,
        arrived=arrival,
        captured=1.7e9 + arrival,
        decoded=arrival,
        turn=turn,
    )


def batch_of(*frames: Frame) -> Batch:
    return Batch(ticket=0, frames=frames, formed=max((f.arrived for f in frames), default=0.0))


def detections_of(*per_frame: Iterable[Row]) -> Detections:
    """The rows of each frame of a batch, in the batch's order."""
    rows = [(index, *row) for index, found in enumerate(per_frame) for row in found]
    if not rows:
        return Detections.empty()
    table = np.array(rows, np.float64)
    return Detections(
        boxes=table[:, 1:5].astype(np.float32),
        scores=table[:, 5].astype(np.float32),
        classes=table[:, 6].astype(np.int32),
        frame_index=table[:, 0].astype(np.int32),
    )


def box(
    x: float, y: float = 300, width: float = 40, height: float = 100, score: float = 0.9, label: int = 0
) -> Row:
    """A detection by its centre."""
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2, score, label)


FOUND = st.lists(
    st.builds(
        box,
        x=st.integers(0, 12).map(lambda step: step * 12.0),
        y=st.integers(0, 3).map(lambda step: step * 30.0),
        score=st.sampled_from([0.2, 0.5, 0.65, 0.8, 0.95]),
        label=st.integers(0, 1),
    ),
    max_size=6,
)
"""Boxes on a coarse grid, so that objects meet, vanish and come back."""


def rows_of(tracks: Tracks, index: int = 0) -> list[tuple[int, ...]]:
    """One frame's tracks as comparable values, without what tells of the detections' order."""
    rows = range(*tracks.rows_of(index).indices(len(tracks)))
    return [
        (
            int(tracks.ids[i]),
            *tracks.boxes[i].tolist(),
            float(tracks.scores[i]),
            int(tracks.classes[i]),
            int(tracks.ages[i]),
            *tracks.velocities[i].tolist(),
            tracks.traces[i].tobytes(),
        )
        for i in rows
    ]


def ids(tracks: Tracks, index: int = 0) -> list[int]:
    return tracks.ids[tracks.rows_of(index)].tolist()


def run(tracker, found: Sequence[Iterable[Row]], fps: float = 25.0, camera: str = "a") -> list[Tracks]:
    """Feed one camera's frames, one batch each, to ``tracker``."""
    return [
        tracker.step(batch_of(frame(camera, index / fps)), detections_of(rows))
        for index, rows in enumerate(found)
    ]
