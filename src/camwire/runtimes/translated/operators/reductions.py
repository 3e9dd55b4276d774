"""Operators that make one number of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from camwire.runtimes.translated.operators.contract import Table, told
from camwire.runtimes.translated.program import Node

Reduce = Callable[[Tensor, list[int], bool], Tensor]


def _reduction(reduce: Reduce) -> Any:
    def reduced(node: Node, x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
        """The axes are an input, before version 13 or 18 an attribute; none: all, or none at all."""
        axes = node.said.get("axes") if axes is None else axes
        if not axes:
            if node.said.get("noop_with_empty_axes"):
                return x
            axes = range(x.dim())
        return reduce(x, list(axes), bool(node.said.get("keepdims", 1))).to(x.dtype)

    return told(reduced, 1)


def _product(x: Tensor, axes: list[int], keeps: bool) -> Tensor:
    for axis in sorted((axis % x.dim() for axis in axes), reverse=True):
        x = torch.prod(x, axis, keeps)
    return x


def _log_sum_exp(x: Tensor, axes: list[int], keeps: bool) -> Tensor:
    return torch.logsumexp(x, axes, keeps)


OPERATORS: Table = {
    "ReduceL1": _reduction(lambda x, axes, keeps: x.abs().sum(axes, keeps)),
    "ReduceL2": _reduction(lambda x, axes, keeps: (x * x).sum(axes, keeps).sqrt()),
    "ReduceLogSum": _reduction(lambda x, axes, keeps: x.sum(axes, keeps).log()),
    "ReduceLogSumExp": _reduction(_log_sum_exp),
    "ReduceMax": _reduction(torch.amax),
    "ReduceMean": _reduction(lambda x, axes, keeps: x.mean(axes, keeps)),
    "ReduceMin": _reduction(torch.amin),
    "ReduceProd": _reduction(_product),
    "ReduceSum": _reduction(lambda x, axes, keeps: x.sum(axes, keeps)),
    "ReduceSumSquare": _reduction(lambda x, axes, keeps: (x * x).sum(axes, keeps)),
}
