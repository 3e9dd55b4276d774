"""What a model's tensors mean: the contract between a model's file, a runtime and the detector.

A runtime needs only the :class:`Graph`: which file, what goes in, what comes out. A :class:`Model` knows what
the numbers mean. Neither knows the other's trade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from camwire.devices.contracts import InputSpec
from camwire.frames import Float32Array, Int32Array, Size


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
    """Width and height may also be any smaller multiples of this; None: they are fixed."""
    mean: tuple[float, float, float]
    """Subtracted from the pixels (0 to 255), in the order of ``input.channels`` ..."""
    std: tuple[float, float, float]
    """... before they are divided by this. The runtime makes both part of the graph."""
    outputs: tuple[TensorSpec, ...]
    """In the order in which ``Model.decode`` wants them; shapes for a batch of one at the largest size."""


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

    def __len__(self) -> int:
        return len(self.boxes)


class Model(Protocol):
    """A detector's file and its meaning. Holds no state that changes: any thread may call it."""

    @property
    def name(self) -> str:
        """For people: `NanoDet-g`."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; a class id is an index into them."""

    @property
    def graph(self) -> Graph: ...

    def input_for(self, pictures: Sequence[Size]) -> InputSpec:
        """What to feed for a batch of pictures of these sizes.

        Not larger than ``graph.input``, and where the graph allows it only as large as the pictures need at
        the scale that they have in the largest input: bars are work for nothing.
        """

    def decode(self, outputs: Sequence[NDArray[Any]], size: Size, thresholds: Float32Array) -> RawDetections:
        """Read the outputs of a whole batch of B frames.

        ``outputs``: arrays as in ``graph.outputs``, with B in place of the leading 1, for an input of
        ``size``; they are only read, and nothing of them is kept. ``thresholds``: [C] float32, a row of class
        c counts when its score is at least ``thresholds[c]``; infinity leaves a class out.
        """
