"""Operators that make tensors of something else than numbers of others."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from camwire.runtimes.translated.operators.contract import Table, TranslationError, of_onnx, told
from camwire.runtimes.translated.program import Node


def constant(node: Node) -> Tensor:
    name, value = next(iter(node.said.items()))
    if name == "value":
        assert isinstance(value, Tensor)
        return value
    if name in ("value_float", "value_floats"):
        return torch.tensor(value, dtype=torch.float32)
    if name in ("value_int", "value_ints"):
        return torch.tensor(value, dtype=torch.int64)
    raise TranslationError(f"Constant with {name}")


def filled(node: Node, shape: Sequence[int]) -> Tensor:
    value = node.said.get("value")
    if value is None:
        return torch.zeros(tuple(shape))
    return torch.full(tuple(shape), value.item(), dtype=value.dtype)


def shape_of(node: Node, x: Tensor) -> Tensor:
    sides = list(x.shape)[slice(node.said.get("start", 0), node.said.get("end"))]
    return torch.tensor(sides, dtype=torch.int64)


def size_of(_: Node, x: Tensor) -> Tensor:
    return torch.tensor(x.numel(), dtype=torch.int64)


def steps(_: Node, first: Tensor, behind: Tensor, each: Tensor) -> Tensor:
    return torch.arange(first.item(), behind.item(), each.item(), dtype=first.dtype)


def one_hot(node: Node, indices: Tensor, depth: Sequence[int], values: Tensor) -> Tensor:
    axis, count = node.said.get("axis", -1), int(depth[0])
    axis = axis + indices.dim() + 1 if axis < 0 else axis
    numbers = torch.arange(count, device=indices.device).reshape(-1, *[1] * (indices.dim() - axis))
    wanted = torch.where(indices < 0, indices + count, indices).unsqueeze(axis)
    return torch.where(wanted == numbers, values[1], values[0])


def eye_like(node: Node, x: Tensor) -> Tensor:
    kind = of_onnx(node.said["dtype"]) if "dtype" in node.said else x.dtype
    rows, columns = x.shape
    down, across = (torch.arange(side, device=x.device) for side in (rows, columns))
    return (across[None] - down[:, None] == node.said.get("k", 0)).to(kind)


OPERATORS: Table = {
    "Constant": constant,
    "ConstantOfShape": told(filled, 0),
    "EyeLike": eye_like,
    "OneHot": told(one_hot, 1),
    "Range": steps,
    "Shape": shape_of,
    "Size": size_of,
}
FROM_SHAPE_ALONE = frozenset({"Shape", "Size"})
"""What they say depends on no number of their input."""
