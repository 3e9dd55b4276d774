"""Pictures and tracks made up for the tests of drawing."""

import av
import numpy as np

from camwire.frames import Batch, Frame, Size, Tracks

SIZE = Size(320, 180)


def flat(
    size: Size = SIZE, *, y: int = 126, u: int = 128, v: int = 128, pixel_format: str = "yuv420p"
) -> av.VideoFrame:
    """A planar YUV picture of one colour."""
    picture = av.VideoFrame(size.width, size.height, pixel_format)
    for plane, value in zip(picture.planes, (y, u, v), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return picture


def batch_of(*pictures: av.VideoFrame, size: Size | None = None) -> Batch:
    """A batch with one frame a picture, drawn at ``size`` or its own."""
    frames = tuple(
        Frame(
            camera=f"camera-{index}",
            sequence=index,
            epoch=0,
            picture=picture,
            source_size=Size(picture.width, picture.height),
            size=size or Size(picture.width, picture.height),
            time=0.0,
            arrived=0.0,
            captured=0.0,
            decoded=0.0,
        )
        for index, picture in enumerate(pictures)
    )
    return Batch(ticket=0, frames=frames, formed=0.0)


def tracks_of(
    boxes: list[tuple[float, float, float, float]],
    *,
    classes: list[int] | None = None,
    frame_index: list[int] | None = None,
    traces: list[list[tuple[float, float]]] | None = None,
) -> Tracks:
    """Tracks with these boxes and ids 1, 2, 3, …"""
    count = len(boxes)
    nowhere = (float("nan"), float("nan"))
    longest = max((len(trace) for trace in traces or ()), default=0)
    padded = [[nowhere] * (longest - len(trace)) + trace for trace in traces or [[]] * count]
    return Tracks(
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        scores=np.full(count, 0.87, np.float32),
        classes=np.array(classes or [0] * count, np.int32),
        ids=np.arange(1, count + 1),
        frame_index=np.array(frame_index or [0] * count, np.int32),
        detections=np.full(count, -1, np.int32),
        ages=np.ones(count, np.int32),
        velocities=np.zeros((count, 2), np.float32),
        traces=np.array(padded, np.float32).reshape(count, longest, 2),
    )
