"""The greatest of the pixels around each pixel."""

from __future__ import annotations

import torch
from torch.fx import GraphModule, Node

from camwire.runtimes.fused.nodes import arguments_of, aten, pair, take_place

POOL, WITH_PLACES = aten.max_pool2d.default, aten.max_pool2d_with_indices.default
"""As programs of torch.export have it; as what is traced has, which can say where the greatest ones were."""


def is_pool(node: Node) -> bool:
    if node.op != "call_function" or node.target not in (POOL, WITH_PLACES):
        return False
    if node.target is WITH_PLACES and any(user.args[1] != 0 for user in node.users):
        return False  # that is asked for
    said = arguments_of(node, 2, "stride", "padding", "dilation", "ceil_mode")
    side = pair(node.args[1])
    around = pair(said.get("padding", 0)) == (side[0] // 2, side[0] // 2)
    each = pair(said.get("stride") or side) == pair(said.get("dilation", 1)) == (1, 1)
    return side[0] == side[1] and side[0] % 2 == 1 and around and each


def replace_pool(program: GraphModule, node: Node) -> None:
    with program.graph.inserting_after(node):
        ours = program.graph.call_function(
            torch.ops.camwire.max_pool.default, (node.args[0], pair(node.args[1])[0])
        )
    if node.target is POOL:
        take_place(program, node, ours)
        return
    for result in list(node.users):
        take_place(program, result, ours)
    program.graph.erase_node(node)
