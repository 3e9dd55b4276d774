"""Weighted sums of channels, which heads that say distributions have as convolutions."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import GraphModule, Node

from camwire.runtimes.fused.nodes import aten, bias_of, is_convolution, settings_of, shape_of, take_place


def is_mean(node: Node) -> bool:
    if not is_convolution(node) or bias_of(node) is not None:
        return False
    shape = shape_of(node.args[1]) or ()
    return shape[:1] + shape[2:] == (1, 1, 1) and settings_of(node)[0] == (1, 1)


def replace_mean(program: GraphModule, node: Node) -> None:
    """As a matrix product it would have one column; a sum torch.compile fuses with the softmax before."""
    source: Any = node.args[0]
    with program.graph.inserting_before(node):
        # In single precision, as convolutions sum up.
        exact = program.graph.call_function(aten.to.dtype, (source, torch.float32))
        weighted = program.graph.call_function(aten.mul.Tensor, (exact, node.args[1]))
        total = program.graph.call_function(aten.sum.dim_IntList, (weighted, [1], True))
        ours = program.graph.call_function(aten.type_as.default, (total, source))
    take_place(program, node, ours)
