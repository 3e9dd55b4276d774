"""A TorchScript network with its convolutions fused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from camwire.runtimes.fused.rewriting import fuse
from camwire.runtimes.fused.tracing import traced

ALIKE = 0.03
"""Of the mean of what a network says: more than what rounding to half precision at other places changes, and
far less than any other mistake would."""


class FusedScript:
    """Says of ``images`` [B, 3, H, W] what ``script`` says. For each number of pictures a program is made at
    the first call."""

    def __init__(self, script: Callable[[Any], Any]) -> None:
        self._script = script
        self._programs: dict[int, Callable[[Tensor], Any]] = {}
        self.convolutions = 0
        """How many are fused."""

    def __call__(self, images: Tensor) -> Any:
        count = len(images)
        if count not in self._programs:
            program = traced(self._script, images)
            self.convolutions = fuse(program)
            self._programs[count] = program
        return self._programs[count](images)


def difference(one: Any, other: Any) -> float:
    """Between what two networks say: of each of their tensors the mean difference as a part of its mean, the
    greatest of these."""
    pairs = zip(tree_leaves(one), tree_leaves(other), strict=True)
    return max((_difference(a, b) for a, b in pairs if isinstance(a, Tensor)), default=0.0)


def _difference(one: Tensor, other: Tensor) -> float:
    one, other = one.double(), other.double()
    size = one.abs().mean().clamp(min=torch.finfo(torch.float16).tiny)
    return float((one - other).abs().mean() / size)
