"""What travels down the pipeline: frames, batches of frames, detections, tracks.

Results are *struct of arrays* over a whole batch: one array holds the boxes of every frame in the batch, and
``frame_index`` says to which frame each row belongs. Rows are grouped by frame, in the batch's order.

Coordinate frame: unless a name says otherwise, boxes and points are float32 pixels of the camera's *picture*,
the size in which it is drawn and sent (``Frame.size``); x grows to the right, y downwards, the centre of the
top left pixel is (0.5, 0.5). Boxes are ``x1, y1, x2, y2`` with x2 and y2 exclusive.

Time: ``arrived``, ``decoded`` and ``formed`` are seconds of the machine's monotonic clock, which every
process on the machine shares; ``captured`` is UTC, seconds since 1970; ``time`` is the camera's own time
axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]
UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def fitted_into(self, bound: Size) -> Size:
        """The largest size of the same aspect inside ``bound``, never enlarged, both sides even.

        Even sides are what 4:2:0 pictures and JPEG want. A side is never less than 2.
        """
        scale = min(bound.width / self.width, bound.height / self.height, 1.0)
        return Size(*(max(2, round(side * scale / 2) * 2) for side in self))


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture of one camera, still in the decoder's own memory."""

    camera: str
    sequence: int
    """Counts this camera's decoded pictures since the worker started; never repeats."""
    epoch: int
    """Counts this camera's connections: it grows with every reconnect and every turn of a looped file."""
    picture: Any
    """The device's own picture: an ``av.VideoFrame`` on the CPU and on CUDA devices."""
    source_size: Size
    size: Size
    """The picture's size for drawing and geometry: ``source_size`` fitted into ``output.size``."""
    time: float
    """Seconds on the camera's own time axis; grows strictly within an epoch."""
    arrived: float
    captured: float
    decoded: float
    turn: int = 0
    """Counts the ends of the camera's file after which it began anew: those steps of ``epoch`` that were no
    lost connection."""

    def with_picture(self, picture: Any) -> Frame:
        """The same frame with another picture; in a third of the time of ``dataclasses.replace``."""
        return Frame(
            self.camera,
            self.sequence,
            self.epoch,
            picture,
            self.source_size,
            self.size,
            self.time,
            self.arrived,
            self.captured,
            self.decoded,
            self.turn,
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames taken together, at most one a camera."""

    ticket: int
    """Counts batches; stages that need order (tracking, publishing) go by it."""
    frames: tuple[Frame, ...]
    formed: float

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True, slots=True)
class Detections:
    """What a detector saw in a batch; N rows over all frames."""

    boxes: Float32Array
    """[N, 4] x1, y1, x2, y2 in picture pixels."""
    scores: Float32Array
    """[N], 0 to 1."""
    classes: Int32Array
    """[N], index into the model's class names."""
    frame_index: Int32Array
    """[N], ascending: the row's position in ``Batch.frames``."""
    detected: BoolArray | None = None
    """[frames in the batch] which frames the detector looked at; None for all. In the others, having
    detected nothing means nothing."""
    keypoints: Float32Array | None = None
    """[N, K, 3] x, y in picture pixels, and how sure the point is, 0 to 1; None from models without."""
    masks: UInt8Array | None = None
    """[N, S, S] how surely each cell of a raster over the row's box is part of the object, 0 to 255; from 128
    on it is. None from models without."""
    corners: Float32Array | None = None
    """[N, 4, 2] of an oriented box, in picture pixels, in order around it; ``boxes`` then is the upright
    rectangle around them. None from models without."""
    weights: Float32Array | None = None
    """[N] the scores as a tracker is to take them, 0 to 1, where each class and camera has a threshold of its
    own: on a scale on which they all are the same. None: as they are."""

    def __len__(self) -> int:
        return len(self.boxes)

    @staticmethod
    def empty() -> Detections:
        return Detections(
            np.empty((0, 4), np.float32),
            np.empty(0, np.float32),
            np.empty(0, np.int32),
            np.empty(0, np.int32),
        )

    def take(self, rows: NDArray[np.intp]) -> Detections:
        """The given rows, in that order, which has to keep the frames' order."""
        return Detections(
            self.boxes[rows],
            self.scores[rows],
            self.classes[rows],
            self.frame_index[rows],
            self.detected,
            None if self.keypoints is None else self.keypoints[rows],
            None if self.masks is None else self.masks[rows],
            None if self.corners is None else self.corners[rows],
            None if self.weights is None else self.weights[rows],
        )

    def rows_of(self, index: int) -> slice:
        """The rows of the batch's ``index``-th frame."""
        return rows_of(self.frame_index, index)


@dataclass(frozen=True, slots=True)
class Tracks:
    """Tracked objects of a batch, confirmed ones only; N rows over all frames."""

    boxes: Float32Array
    """[N, 4] x1, y1, x2, y2 in picture pixels."""
    scores: Float32Array
    """[N], score of the last detection matched."""
    classes: Int32Array
    """[N]."""
    ids: Int64Array
    """[N], unique within a camera, starting at 1, never reused."""
    frame_index: Int32Array
    """[N], ascending: the row's position in ``Batch.frames``."""
    detections: Int32Array
    """[N], row in the batch's Detections that was matched in this frame, or -1."""
    ages: Int32Array
    """[N], frames since the track began."""
    velocities: Float32Array
    """[N, 2], pixels per second."""
    traces: Float32Array
    """[N, T, 2], bottom centres of the last T frames in which the object was reported, oldest first;
    rows with fewer points begin with NaN."""
    keypoints: Float32Array | None = None
    """[N, K, 3], as in Detections; NaN where nothing is known."""
    masks: UInt8Array | None = None
    """[N, S, S], as in Detections; all 0 where nothing is known."""
    corners: Float32Array | None = None
    """[N, 4, 2], as in Detections; NaN where nothing is known."""

    def __len__(self) -> int:
        return len(self.boxes)

    @staticmethod
    def empty(trace_length: int = 0) -> Tracks:
        return Tracks(
            boxes=np.empty((0, 4), np.float32),
            scores=np.empty(0, np.float32),
            classes=np.empty(0, np.int32),
            ids=np.empty(0, np.int64),
            frame_index=np.empty(0, np.int32),
            detections=np.empty(0, np.int32),
            ages=np.empty(0, np.int32),
            velocities=np.empty((0, 2), np.float32),
            traces=np.empty((0, trace_length, 2), np.float32),
        )

    def rows_of(self, index: int) -> slice:
        """The rows of the batch's ``index``-th frame."""
        return rows_of(self.frame_index, index)


WHOLE_BOX = np.dtype("V16")
"""A box's four float32 as one thing."""


def whole_boxes(boxes: Float32Array) -> NDArray[np.void]:
    """[N] of ``WHOLE_BOX`` for boxes [N, 4]: they are put from place to place many times as fast as rows of
    four are. A view where ``boxes`` are contiguous."""
    whole: NDArray[np.void] = np.ascontiguousarray(boxes).view(WHOLE_BOX)[:, 0]
    return whole


def starts_of(frame_index: Int32Array, frames: int) -> Int64Array:
    """[frames + 1] where each frame's rows begin in an ascending ``frame_index``, and where they end."""
    starts: Int64Array = frame_index.searchsorted(np.arange(frames + 1, dtype=frame_index.dtype))
    return starts


def rows_of(frame_index: Int32Array, index: int) -> slice:
    """The slice of an ascending ``frame_index`` that holds ``index``."""
    start, stop = np.searchsorted(frame_index, (index, index + 1))
    return slice(int(start), int(stop))
