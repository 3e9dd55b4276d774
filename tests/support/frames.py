"""Frames and detections made by hand, for tests by value."""

from collections.abc import Sequence

import numpy as np

from camwire.frames import Batch, Detections, Frame, Size

SIZE = Size(640, 360)


def frame(
    camera: str = "a",
    sequence: int = 0,
    *,
    time: float | None = None,
    epoch: int = 0,
    size: Size = SIZE,
    picture: object = None,
    arrived: float | None = None,
) -> Frame:
    """A frame of 25 a second; every clock starts at 0."""
    at = sequence / 25 if time is None else time
    return Frame(
        camera=camera,
        sequence=sequence,
        epoch=epoch,
        picture=picture,
        source_size=size,
        size=size,
        time=at,
        arrived=at if arrived is None else arrived,
        captured=at,
        decoded=at,
    )


def batch(*frames: Frame, ticket: int = 0) -> Batch:
    return Batch(ticket, tuple(frames), formed=max((f.arrived for f in frames), default=0.0))


def detections(*frames: Sequence[Sequence[float]]) -> Detections:
    """For each frame its rows of x1, y1, x2, y2, score, class."""
    rows = [row for rows in frames for row in rows]
    table = np.array(rows, np.float64).reshape(-1, 6)
    index = np.repeat(np.arange(len(frames)), [len(rows) for rows in frames])
    return Detections(
        boxes=table[:, :4].astype(np.float32),
        scores=table[:, 4].astype(np.float32),
        classes=table[:, 5].astype(np.int32),
        frame_index=index.astype(np.int32),
    )
