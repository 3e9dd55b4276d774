"""What runs a model: the contract that every runtime fulfils."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from camwire.frames import Size, UInt8Array


class Runtime(Protocol):
    """A model's graph, compiled and ready.

    Threads: ``infer`` may be called by any number of threads at once. What it returns belongs to the calling
    thread and holds until that thread calls ``infer`` of this runtime again; who wants to keep it copies it.
    """

    def prepare(self, size: Size) -> None:
        """Make ready for inputs of ``size`` and run once, so that the first frame finds everything in place.

        ``infer`` does it too for a size that it hasn't met. Raises ModelError when the graph can't be run.
        """

    def infer(self, pixels: UInt8Array) -> list[NDArray[Any]]:
        """Run a batch.

        ``pixels``: [B, H, W, 3] uint8, C-contiguous, channel order as in the graph's ``input``, H×W its size
        or, with a ``step``, a smaller one, any B ≥ 1; not changed, and not needed once this
        returns. Returns the arrays of ``Graph.outputs``, in that order, with B in place of the leading 1.
        Raises ValueError for pixels of another shape or type, ModelError when the graph can't be run.
        """

    @property
    def step(self) -> int | None:
        """As ``Graph.step``; None where this runtime can't reshape a graph that declares a fixed size."""

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The input sizes that are ready, in the order in which they came up."""

    def describe(self) -> str:
        """Runtime and precision for people: `OpenVINO FP32`."""
