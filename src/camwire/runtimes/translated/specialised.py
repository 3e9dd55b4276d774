"""A program for one shape of input: what doesn't depend on the pictures is worked out, the rest are steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch._subclasses import FakeTensorMode

from camwire.runtimes.translated.operators import OPERATORS
from camwire.runtimes.translated.operators.contract import Compute, TranslationError
from camwire.runtimes.translated.operators.making import FROM_SHAPE_ALONE
from camwire.runtimes.translated.program import Node, Program

SHAPED = {"Reshape": 1, "Resize": 3, "Expand": 1}
"""Operators that are told the shape of their result, and by which input."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a step reads: something that comes from the pictures."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on what comes from the pictures."""

    compute: Compute
    node: Node
    inputs: tuple[Any, ...]
    """``Made``, constant tensors, lists of numbers, None."""


Moved = dict[int, tuple[Tensor, Tensor]]
"""Constants and what they are on a device, by the identity of the former; kept, or it would be another's."""


@dataclass(frozen=True, slots=True)
class Steps:
    """A program for inputs of one shape and type."""

    fed: str
    steps: tuple[Step, ...]
    outputs: tuple[Any, ...]
    """``Made``, or constant tensors."""
    shapes: tuple[tuple[int, ...], ...]
    """Of the outputs."""

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """The outputs, on ``images``' device, which the constants have to be on, too."""
        made = {self.fed: images}

        def value(one: Any) -> Any:
            return made[one.name] if isinstance(one, Made) else one

        for step in self.steps:
            results = step.compute(step.node, *map(value, step.inputs))
            made.update(_named(step.node, results))
        return tuple(value(one) for one in self.outputs)

    def on(self, device: Any, moved: Moved) -> Steps:
        """With the constants there. ``moved``: those that are there already; programs for several shapes
        share them."""

        def there(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            if id(value) not in moved:
                form = torch.channels_last if value.dim() == 4 else torch.contiguous_format
                moved[id(value)] = value, value.to(device).contiguous(memory_format=form)
            return moved[id(value)][1]

        steps = tuple(replace(step, inputs=tuple(map(there, step.inputs))) for step in self.steps)
        return replace(self, steps=steps, outputs=tuple(map(there, self.outputs)))


def specialised(
    program: Program,
    outputs: Sequence[str],
    shape: tuple[int, ...],
    made_for: int | None = None,
) -> Steps:
    """The steps from an input [N, …] of ``shape`` to ``outputs``.

    ``made_for``: the number of pictures that the file is made for, None for any. With another one the first
    side of what comes from the pictures grows as they do, also where the file says how long it is. That this
    leaves each picture's own result what it was can only be seen by trying. Raises TranslationError.
    """
    if made_for is None or made_for == shape[0]:
        return _Work(program, shape).steps(outputs)
    usual = _Work(program, (made_for, *shape[1:]))
    usual.steps(outputs)
    return _Work(program, shape, usual).steps(outputs)


class _Work:
    """Tensors that come from the pictures have a shape and a type here, no numbers."""

    def __init__(self, program: Program, shape: tuple[int, ...], usual: _Work | None = None) -> None:
        """``usual``: with the number of pictures that the file is made for, where that is another one."""
        self._program = program
        self._count, self._usual = shape[0], usual
        self._values: dict[str, Tensor] = dict(program.constants)
        self._fakes = FakeTensorMode(allow_non_fake_inputs=True)
        self._from_pictures = {program.fed}
        self._values[program.fed] = self._fakes.from_tensor(torch.empty(shape, dtype=program.dtype))
        self._steps: list[Step] = []

    def steps(self, outputs: Sequence[str]) -> Steps:
        for node in self._program.nodes:
            try:
                self._take(node)
            except TranslationError as error:
                raise TranslationError(f"{error} (the node that makes {node.outputs[0]!r})") from error
            except (RuntimeError, ValueError, LookupError, TypeError) as error:
                reason = " ".join(str(error).split())
                raise TranslationError(
                    f"{node.operator}, which makes {node.outputs[0]!r}: {reason}"
                ) from error
        missing = [name for name in outputs if name not in self._values]
        if missing:
            raise TranslationError(f"nothing makes the output {missing[0]!r}")
        needed = _needed(self._steps, outputs)
        return Steps(
            self._program.fed,
            tuple(step for step in self._steps if needed.intersection(step.node.outputs)),
            tuple(Made(name) if name in self._from_pictures else self._values[name] for name in outputs),
            tuple(tuple(self._values[name].shape) for name in outputs),
        )

    def _take(self, node: Node) -> None:
        operator = OPERATORS.get(node.operator)
        if operator is None:
            raise TranslationError(f"the operator {node.operator}")
        given = [self._values[name] if name else None for name in node.inputs]
        seen = self._from_pictures.intersection(node.inputs)
        if not seen or node.operator in FROM_SHAPE_ALONE:
            told = [_numbers_of(one) if n in operator.known else one for n, one in enumerate(given)]
            self._values.update(_named(node, operator.compute(node, *told)))
            return
        inputs: list[Any] = []
        for place, (name, value) in enumerate(zip(node.inputs, given, strict=True)):
            if place not in operator.known:
                inputs.append(Made(name) if name in seen else value)
            elif name in seen:
                raise TranslationError(f"{node.operator} that depends on what is seen")
            else:
                inputs.append(_numbers_of(value))
        if (place := SHAPED.get(node.operator, len(inputs))) < len(inputs) and inputs[place]:
            inputs[place] = self._shape(node, inputs[place])
        with self._fakes:
            results = operator.compute(
                node, *(self._values[one.name] if isinstance(one, Made) else one for one in inputs)
            )
        self._values.update(_named(node, results))
        self._from_pictures.update(name for name in node.outputs if name)
        self._steps.append(Step(operator.compute, node, tuple(inputs)))

    def _shape(self, node: Node, told: list[int]) -> list[int]:
        """What ``node`` is told that the shape of its result is; for another number of pictures what that
        usually is, with the side longer along which the pictures lie."""
        if self._usual is None:
            return told
        before, now = (work._values[node.inputs[0]].shape for work in (self._usual, self))
        grown = [axis for axis, sides in enumerate(zip(before, now, strict=True)) if sides[0] != sides[1]]
        if len(grown) != 1:
            return told
        usual = list(self._usual._values[node.outputs[0]].shape)
        if node.operator == "Resize" and len(told) != len(usual):
            return told  # of some axes alone
        axis = _side_of(grown[0], before, usual) if node.operator == "Reshape" else grown[0] - len(before)
        usual[axis] = usual[axis] * now[grown[0]] // before[grown[0]]
        return usual


def _side_of(axis: int, before: Sequence[int], after: Sequence[int]) -> int:
    """The side of a reshaped tensor along which that lies which lay along ``axis``: as much is before it."""
    passed = prod(before[:axis])
    return next((side for side in range(len(after)) if prod(after[:side]) == passed), 0)


def _numbers_of(value: Tensor | None) -> list[Any] | None:
    return None if value is None else value.reshape(-1).tolist()


def _named(node: Node, results: Any) -> Mapping[str, Tensor]:
    every = results if isinstance(results, tuple) else (results,)
    return {name: one for name, one in zip(node.outputs, every, strict=False) if name}


def _needed(steps: Sequence[Step], outputs: Sequence[str]) -> set[str]:
    """The names of all tensors on the way to ``outputs``."""
    needed = set(outputs)
    for step in reversed(steps):
        if needed.intersection(step.node.outputs):
            needed.update(one.name for one in step.inputs if isinstance(one, Made))
    return needed
