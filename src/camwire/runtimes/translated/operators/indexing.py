"""Operators that take some of the numbers, or say where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import torch
from torch import Tensor

from camwire.runtimes.translated.operators.contract import Table, TranslationError, told
from camwire.runtimes.translated.program import Node


def part(
    node: Node,
    x: Tensor,
    starts: Sequence[int] | None = None,
    ends: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    steps: Sequence[int] | None = None,
) -> Tensor:
    """What to take of which axis are inputs, before version 10 attributes."""
    starts = node.said["starts"] if starts is None else starts
    ends = node.said["ends"] if ends is None else ends
    axes = node.said.get("axes", range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step > 0:
            x = x[(*[slice(None)] * (axis % x.dim()), slice(start, end, step))]
            continue
        side = x.shape[axis]
        first, behind = (place + side if place < 0 else place for place in (start, end))
        backwards = range(min(max(first, 0), side - 1), min(max(behind, -1), side - 1), step)
        x = x.index_select(axis, torch.tensor(backwards, dtype=torch.int64, device=x.device))
    return x


def gather(node: Node, x: Tensor, indices: Tensor) -> Tensor:
    axis = node.said.get("axis", 0) % x.dim()
    taken = x.index_select(axis, _from_the_start(indices, x.shape[axis]).reshape(-1))
    return taken.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def gather_elements(node: Node, x: Tensor, indices: Tensor) -> Tensor:
    axis = node.said.get("axis", 0)
    return torch.gather(x, axis, _from_the_start(indices, x.shape[axis]))


def gather_nd(node: Node, x: Tensor, indices: Tensor) -> Tensor:
    if node.said.get("batch_dims", 0):
        raise TranslationError("GatherND with batch_dims")
    # By hand: PyTorch's own indexing may depend on what is seen, so it can't be written down.
    depth = indices.shape[-1]
    place = torch.zeros_like(indices[..., 0], dtype=torch.int64)
    for axis in range(depth):
        place = place * x.shape[axis] + _from_the_start(indices[..., axis], x.shape[axis])
    rows = x.reshape(prod(x.shape[:depth]), *x.shape[depth:])
    return rows.index_select(0, place.reshape(-1)).reshape((*indices.shape[:-1], *x.shape[depth:]))


def scatter_nd(node: Node, x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    if node.said.get("reduction", "none") != "none":
        raise TranslationError(f"ScatterND with the reduction {node.said['reduction']!r}")
    places = tuple(_from_the_start(indices[..., n], x.shape[n]) for n in range(indices.shape[-1]))
    return x.index_put(places, updates)


def scatter_elements(node: Node, x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    if node.said.get("reduction", "none") != "none":
        raise TranslationError(f"ScatterElements with the reduction {node.said['reduction']!r}")
    axis = node.said.get("axis", 0)
    return x.scatter(axis, _from_the_start(indices, x.shape[axis]), updates)


def top_k(node: Node, x: Tensor, count: Sequence[int] | None = None) -> tuple[Tensor, Tensor]:
    number = node.said["k"] if count is None else count[0]
    largest, ordered = bool(node.said.get("largest", 1)), bool(node.said.get("sorted", 1))
    values, places = torch.topk(x, number, node.said.get("axis", -1), largest, ordered)
    return values, places


def greatest_place(node: Node, x: Tensor) -> Tensor:
    return _place(node, x, torch.amax)


def least_place(node: Node, x: Tensor) -> Tensor:
    return _place(node, x, torch.amin)


def cumulated(node: Node, x: Tensor, axis: Sequence[int]) -> Tensor:
    if node.said.get("exclusive") or node.said.get("reverse"):
        raise TranslationError("CumSum that is exclusive or goes backwards")
    return torch.cumsum(x, axis[0]).to(x.dtype)


def trilu(node: Node, x: Tensor, diagonal: Sequence[int] | None = None) -> Tensor:
    number = diagonal[0] if diagonal else 0
    return torch.triu(x, number) if node.said.get("upper", 1) else torch.tril(x, number)


def _from_the_start(indices: Tensor, side: int) -> Tensor:
    """Negative ones count from the end."""
    indices = indices.long()
    return torch.where(indices < 0, indices + side, indices)


def _place(node: Node, x: Tensor, extreme: Callable[..., Tensor]) -> Tensor:
    """The first place of the extreme, which PyTorch's own operations don't promise."""
    axis, keeps = node.said.get("axis", 0) % x.dim(), bool(node.said.get("keepdims", 1))
    side = x.shape[axis]
    numbers = torch.arange(side, device=x.device).reshape(-1, *[1] * (x.dim() - 1 - axis))
    found = x == extreme(x, axis, True)
    if node.said.get("select_last_index"):
        return torch.where(found, numbers, -1).amax(axis, keeps)
    return torch.where(found, numbers, side).amin(axis, keeps)


OPERATORS: Table = {
    "ArgMax": greatest_place,
    "ArgMin": least_place,
    "CumSum": told(cumulated, 1),
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "ScatterElements": scatter_elements,
    "ScatterND": scatter_nd,
    "Slice": told(part, 1, 2, 3, 4),
    "TopK": told(top_k, 1),
    "Trilu": told(trilu, 1),
}
