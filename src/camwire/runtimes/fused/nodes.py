"""What the nodes of a program say, for those who rewrite it."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import GraphModule, Node

aten = torch.ops.aten
CONVOLUTIONS = (aten.conv2d.default, aten.convolution.default, aten._convolution.default)
"""As programs of torch.export have them, and as what is traced has."""


def is_convolution(node: Node) -> bool:
    return node.op == "call_function" and node.target in CONVOLUTIONS


def settings_of(convolution: Node) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], int]:
    """Stride, padding, dilation; groups, 0 of one that goes the other way."""
    more = (
        ("groups",) if convolution.target is CONVOLUTIONS[0] else ("transposed", "output_padding", "groups")
    )
    said = arguments_of(convolution, 3, "stride", "padding", "dilation", *more)
    stride, padding, dilation = (
        pair(said.get(name, usual)) for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1))
    )
    return stride, padding, dilation, 0 if said.get("transposed") else said.get("groups", 1)


def bias_of(convolution: Node) -> Any:
    return arguments_of(convolution, 2, "bias").get("bias")


def arguments_of(node: Node, first: int, *names: str) -> dict[str, Any]:
    """Those that are given, from the ``first`` on, by name."""
    return dict(zip(names, node.args[first:], strict=False)) | dict(node.kwargs)


def pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return (value[0], value[0]) if len(value) == 1 else (value[0], value[1])


def shape_of(node: Any) -> tuple[Any, ...] | None:
    """As it was noted down when the program was made."""
    value = node.meta.get("val") if isinstance(node, Node) else None
    return tuple(value.shape) if isinstance(value, torch.Tensor) else None


def only_user(node: Any) -> Node | None:
    users = list(node.users) if isinstance(node, Node) else []
    return users[0] if len(users) == 1 else None


def take_place(program: GraphModule, node: Node, ours: Node) -> None:
    """``ours`` instead of ``node``, which goes."""
    ours.meta = dict(node.meta)
    node.replace_all_uses_with(ours)
    program.graph.erase_node(node)
