"""A file's network in PyTorch, for any number of pictures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from camwire.models.contract import Graph, ModelError
from camwire.runtimes.translated.operators.contract import TranslationError
from camwire.runtimes.translated.program import Program
from camwire.runtimes.translated.specialised import Moved, Steps, specialised

CHOICE = "TopK"
"""Chooses the surest of many objects: where several are as sure, rounding decides which."""


class Translation:
    """A program on a device, fed with pictures [B, 3, H, W]; its steps for each number of them are worked out
    once."""

    def __init__(self, program: Program, graph: Graph, device: str) -> None:
        """Raises ModelError where something in the program isn't done here."""
        self._program, self._graph = program, graph
        self.device = device
        self._outputs = [output.name for output in graph.outputs]
        self._moved: Moved = {}
        self._steps: dict[tuple[int, tuple[str, ...]], Steps] = {}
        try:
            self._steps_for(graph.batch or 1, self._outputs)
        except TranslationError as error:
            raise ModelError(f"model {graph.file}: PyTorch can't run {error}") from error

    @property
    def dtype(self) -> torch.dtype:
        """Of its input."""
        return self._program.dtype

    def says(self, count: int) -> Callable[[Tensor], tuple[Tensor, ...]]:
        """What says the graph's outputs of ``count`` pictures, on the device."""
        return self._fed(self._steps_for(count, self._outputs))

    def chooses_from(self, count: int) -> Callable[[Tensor], tuple[Tensor, ...]]:
        """What says of ``count`` pictures that from which the program chooses objects, or the outputs of a
        program that chooses none."""
        first = next((node for node in self._program.nodes if node.operator == CHOICE), None)
        return self._fed(self._steps_for(count, self._outputs if first is None else first.inputs[:1]))

    def takes(self, count: int) -> bool:
        """Whether the steps can be worked out for so many pictures, be the file made for others."""
        try:
            with _unlogged():
                steps = self._steps_for(count, self._outputs)
        except TranslationError:
            return False
        return all(shape[:1] == (count,) for shape in steps.shapes)

    def _fed(self, steps: Steps) -> Callable[[Tensor], tuple[Tensor, ...]]:
        swapped = self._graph.layout == "NHWC"
        return lambda images: steps((images.permute(0, 2, 3, 1) if swapped else images).to(self.dtype))

    def _steps_for(self, count: int, outputs: Sequence[str]) -> Steps:
        key = count, tuple(outputs)
        if key not in self._steps:
            width, height = self._graph.input.size
            sides = (3, height, width) if self._graph.layout == "NCHW" else (height, width, 3)
            found = specialised(self._program, outputs, (count, *sides), self._graph.batch)
            self._steps[key] = found.on(self.device, self._moved)
        return self._steps[key]


@contextmanager
def _unlogged() -> Iterator[None]:
    """PyTorch logs, with a traceback, what doesn't fit together; where that may be, it is no news."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
