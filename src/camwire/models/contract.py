"""What a model's tensors mean: the contract between a model's file, a runtime and the detector.

A runtime needs only the :class:`Graph`: which file, what goes in, what comes out. A :class:`Model` knows what
the numbers mean. Neither knows the other's trade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from camwire.devices.contracts import InputSpec
from camwire.frames import Float32Array, Int32Array, Size, UInt8Array

Task = Literal["detect", "pose", "segment", "obb"]
"""Boxes; boxes with keypoints; boxes with masks; oriented boxes."""


class ModelError(Exception):
    """A model can't be used. The message is for people: the file, what was found, what is accepted."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One tensor of a graph. -1 in a shape stands for any size."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    """As numpy names it: `float32`."""

    def __str__(self) -> str:
        return f"{self.name} {self.dtype}[{', '.join('?' if side < 0 else str(side) for side in self.shape)}]"


@dataclass(frozen=True, slots=True)
class Graph:
    """What a runtime has to know to run a model's file on 8-bit pixels."""

    file: Path
    input: InputSpec
    """With the largest size of the input."""
    step: int | None
    """Width and height may also be any smaller multiples of this; None: they are fixed. Where the file
    declares a fixed size all the same (``reshaped``), only runtimes that can reshape a graph can do that."""
    mean: tuple[float, float, float]
    """Subtracted from the pixels (0 to 255), in the order of ``input.channels`` ..."""
    std: tuple[float, float, float]
    """... before they are divided by this. The runtime makes both part of the graph."""
    outputs: tuple[TensorSpec, ...]
    """In the order in which ``Model.decode`` wants them; shapes for a batch of one at the largest size."""
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    """Order of the axes of the file's own input; the runtime transposes as needed."""
    dtype: str = "float32"
    """Of the file's own input; the runtime casts."""
    batch: int | None = None
    """Frames that one run of the file takes; None: any number."""
    quantised: bool = False
    """Whether parts of it are in 8 bits."""
    reshaped: bool = False
    """Whether the sizes that ``input`` and ``step`` allow are others than the one that the file declares."""

    @property
    def is_single(self) -> bool:
        """Whether it computes in single precision throughout."""
        return self.dtype == "float32" and not self.quantised

    def name_of(self, index: int) -> str:
        """An output, for messages: `model yolo.onnx: its output output0`."""
        return f"model {self.file}: its output {self.outputs[index].name}"


class Masks(Protocol):
    """Masks of M rows, not yet made into pictures."""

    def take(self, rows: NDArray[np.intp]) -> Masks:
        """The given rows, in that order."""

    def rasters(self, frame_index: Int32Array, boxes: Float32Array, size: Size) -> UInt8Array:
        """[M, S, S] how surely each cell of a raster over its box is the object, 0 to 255.

        ``boxes`` [M, 4] in pixels of an input of ``size``; ``frame_index`` [M], the frames' positions.
        """


@dataclass(frozen=True, slots=True)
class RawDetections:
    """What a model says about a batch before overlapping boxes are thinned out; M rows over all frames."""

    boxes: Float32Array
    """[M, 4] x1, y1, x2, y2 in pixels of the model's input, letterbox bars included, clipped to it."""
    scores: Float32Array
    """[M], 0 to 1."""
    classes: Int32Array
    """[M]."""
    frame_index: Int32Array
    """[M], ascending: the frame's position in the batch."""
    keypoints: Float32Array | None = None
    """[M, K, 3] x, y in input pixels, and how sure the point is, 0 to 1."""
    masks: Masks | None = None
    oriented: Float32Array | None = None
    """[M, 5] centre x, y, width, height in input pixels and angle, in radians from x towards y.
    ``boxes`` then is the upright rectangle around it."""

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, rows: NDArray[np.intp]) -> RawDetections:
        """The given rows, in that order, which has to keep the frames' order."""
        return RawDetections(
            self.boxes[rows],
            self.scores[rows],
            self.classes[rows],
            self.frame_index[rows],
            None if self.keypoints is None else self.keypoints[rows],
            None if self.masks is None else self.masks.take(rows),
            None if self.oriented is None else self.oriented[rows],
        )


class Model(Protocol):
    """A detector's file and its meaning. Holds no state that changes: any thread may call it."""

    @property
    def name(self) -> str:
        """For people: `NanoDet-g`."""

    @property
    def task(self) -> Task: ...

    @property
    def reading(self) -> str:
        """How the outputs are read, and what that was told from, for `camwire models inspect`."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; a class id is an index into them."""

    @property
    def graph(self) -> Graph: ...

    @property
    def overlapping(self) -> bool:
        """Whether several boxes may be one object, so that they have to be thinned out."""

    def decode(self, outputs: Sequence[NDArray[Any]], size: Size, thresholds: Float32Array) -> RawDetections:
        """Read the outputs of a whole batch of B frames.

        ``outputs``: arrays as in ``graph.outputs``, with B in place of the leading 1, for an input of
        ``size``; they are only read, and nothing of them is kept but what ``RawMasks`` says. ``thresholds``:
        [B, C] float32, a row of class c in frame b counts when its score is at least ``thresholds[b, c]``;
        infinity leaves a class out. Raises ModelError for numbers that aren't finite.
        """
