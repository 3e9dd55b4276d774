"""Operators that look at the pixels around each pixel and have no weights."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from camwire.runtimes.translated.operators.around import room, surrounded, window
from camwire.runtimes.translated.operators.contract import Table, TranslationError
from camwire.runtimes.translated.program import Node

MAXIMUM: Sequence[Any] = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)
AVERAGE: Sequence[Any] = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)
"""By the number of axes, from one on."""


def max_pool(node: Node, x: Tensor) -> Tensor:
    if len([name for name in node.outputs if name]) > 1:
        raise TranslationError("MaxPool that says where the greatest ones were")
    kernel, strides, dilations = window(node, node.said["kernel_shape"])
    before, behind = room(node, x.shape[2:], kernel, strides, dilations)
    pool, ceil = MAXIMUM[len(kernel) - 1], bool(node.said.get("ceil_mode"))
    if before == behind and all(2 * side <= size for side, size in zip(before, kernel, strict=True)):
        return pool(x, kernel, strides, before, dilations, ceil)
    least = -inf if x.is_floating_point() else torch.iinfo(x.dtype).min
    pooled = pool(surrounded(x, before, behind, least), kernel, strides, 0, dilations, ceil)
    # A window that ceil_mode adds begins in the picture or before it, or there is none.
    ends = [-(-(size + side) // step) for size, side, step in zip(x.shape[2:], before, strides, strict=True)]
    cropped: Tensor = pooled[(..., *(slice(0, end) for end in ends))]
    return cropped


def average_pool(node: Node, x: Tensor) -> Tensor:
    kernel, strides, dilations = window(node, node.said["kernel_shape"])
    if any(each != 1 for each in dilations):
        raise TranslationError("AveragePool with dilations")
    before, behind = room(node, x.shape[2:], kernel, strides, dilations)
    pool, ceil = AVERAGE[len(kernel) - 1], bool(node.said.get("ceil_mode"))
    counts_all = bool(node.said.get("count_include_pad"))
    if before == behind and all(2 * side <= size for side, size in zip(before, kernel, strict=True)):
        return pool(x, kernel, strides, before, ceil, counts_all)
    if ceil:
        raise TranslationError("AveragePool with ceil_mode and room that isn't the same on both sides")
    summed = pool(surrounded(x, before, behind, 0.0), kernel, strides)
    if counts_all:
        return summed
    seen = surrounded(torch.ones_like(x[:1, :1]), before, behind, 0.0)
    return summed / pool(seen, kernel, strides)


def global_average(_: Node, x: Tensor) -> Tensor:
    return x.mean(list(range(2, x.dim())), keepdim=True)


def global_maximum(_: Node, x: Tensor) -> Tensor:
    return x.amax(list(range(2, x.dim())), keepdim=True)


OPERATORS: Table = {
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average,
    "GlobalMaxPool": global_maximum,
    "MaxPool": max_pool,
}
