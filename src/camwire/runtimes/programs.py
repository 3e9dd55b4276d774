"""A network of PyTorch as programs of single operations, one for each number of pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.utils._pytree import tree_leaves

from camwire.runtimes.tracing import traced

ALIKE = 0.03
"""Of the mean of what a network says: more than what rounding to half precision at other places changes, and
far less than any other mistake would."""

Program = Callable[[Tensor], Any]
ByCount = Callable[[int], Program]
"""What is to be said of so many pictures."""


def unchanged(_program: GraphModule) -> int:
    return 0


class Programs:
    """Says of ``images`` [B, 3, H, W] what ``network`` for so many says, by a program that is made at the
    first call with that number."""

    def __init__(
        self,
        network: ByCount,
        change: Callable[[GraphModule], int] = unchanged,
        *,
        compiled_from: int | None = None,
    ) -> None:
        """``change``: changes a program and says in how many places; ``compiled_from``: the number of
        pictures from which on torch.compile does the rest."""
        self._network = network
        self._change = change
        self._compiled_from = compiled_from
        self._programs: dict[int, Program] = {}
        self.changes = 0
        """In the program that was made last."""

    def __call__(self, images: Tensor) -> Any:
        count = len(images)
        if count not in self._programs:
            self._programs[count] = self._made(images)
        return self._programs[count](images)

    def _made(self, images: Tensor) -> Program:
        program: GraphModule = traced(self._network(len(images)), images)
        self.changes = self._change(program)
        if self._compiled_from is None or len(images) < self._compiled_from:
            return cast(Program, program)
        compiled: Program = torch.compile(program, dynamic=False)
        return compiled


def difference(said: Any, other: Any) -> float:
    """Of what another network says: the mean difference in each of the tensors as a part of the mean of what
    is ``said``, the greatest of these."""
    pairs = zip(tree_leaves(said), tree_leaves(other), strict=True)
    return max((_difference(a, b) for a, b in pairs if isinstance(a, Tensor)), default=0.0)


def _difference(said: Tensor, other: Tensor) -> float:
    said, other = said.double(), other.double()
    size = said.abs().mean().clamp(min=torch.finfo(torch.float16).tiny)
    return float((said - other).abs().mean() / size)
