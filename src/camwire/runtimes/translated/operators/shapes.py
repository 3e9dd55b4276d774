"""Operators that arrange the same numbers otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor
from torch.nn import functional

from camwire.runtimes.translated.operators.contract import Table, TranslationError, told
from camwire.runtimes.translated.program import Node

PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def reshape(node: Node, x: Tensor, shape: Sequence[int]) -> Tensor:
    """0 stands for the side that was there, -1 for what is left."""
    keeps = not node.said.get("allowzero", 0)
    return x.reshape([x.shape[place] if side == 0 and keeps else side for place, side in enumerate(shape)])


def transpose(node: Node, x: Tensor) -> Tensor:
    return x.permute(node.said.get("perm") or list(reversed(range(x.dim()))))


def flatten(node: Node, x: Tensor) -> Tensor:
    axis = node.said.get("axis", 1)
    return x.reshape(prod(x.shape[:axis]), prod(x.shape[axis:]))


def squeeze(node: Node, x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """The axes are an input, before version 13 an attribute."""
    axes = node.said.get("axes") if axes is None else axes
    return x.squeeze() if axes is None else x.squeeze(tuple(axes))


def unsqueeze(node: Node, x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    axes = node.said["axes"] if axes is None else axes
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


def concat(node: Node, *inputs: Tensor) -> Tensor:
    return torch.cat(inputs, node.said.get("axis", 1))


def split(node: Node, x: Tensor, sizes: Sequence[int] | None = None) -> tuple[Tensor, ...]:
    axis, count = node.said.get("axis", 0), len(node.outputs)
    sizes = node.said.get("split") if sizes is None else sizes
    if sizes is None:
        each = -(-x.shape[axis] // count)
        sizes = [each] * (count - 1) + [x.shape[axis] - each * (count - 1)]
    parts: tuple[Tensor, ...] = torch.split(x, list(sizes), axis)
    return parts


def expand(_: Node, x: Tensor, shape: Sequence[int]) -> Tensor:
    """To whatever both shapes broadcast to."""
    return x.expand(torch.broadcast_shapes(x.shape, tuple(shape)))


def tile(_: Node, x: Tensor, repeats: Sequence[int]) -> Tensor:
    return x.repeat(*repeats)


def pad(
    node: Node,
    x: Tensor,
    pads: Sequence[int] | None = None,
    value: Sequence[float] | None = None,
    axes: Sequence[int] | None = None,
) -> Tensor:
    """``pads``: of all axes the room before, then of all the room behind. Negative room takes away."""
    pads = node.said["pads"] if pads is None else pads
    places = range(x.dim()) if axes is None else [axis % x.dim() for axis in axes]
    around = dict(zip(places, zip(pads[: len(places)], pads[len(places) :], strict=True), strict=True))
    sides = [side for axis in reversed(range(x.dim())) for side in around.get(axis, (0, 0))]
    mode = PAD_MODES.get(node.said.get("mode", "constant"))
    if mode is None:
        raise TranslationError(f"Pad in the mode {node.said['mode']!r}")
    if mode == "constant":
        return functional.pad(x, sides, value=value[0] if value else node.said.get("value", 0.0))
    while sides[-2:] == [0, 0]:
        sides = sides[:-2]
    if not sides:
        return x
    if min(sides) < 0 or len(sides) > 2 * (x.dim() - 1):
        raise TranslationError(
            f"Pad in the mode {node.said['mode']!r} of every axis, or by less than nothing"
        )
    # PyTorch mirrors the last one to three axes of tensors with one or two more.
    kept = x.shape[: x.dim() - len(sides) // 2]
    flat = x.reshape(1, prod(kept), *x.shape[len(kept) :])
    done = functional.pad(flat, sides, mode=mode)
    return done.reshape(*kept, *done.shape[2:])


def depth_to_space(node: Node, x: Tensor) -> Tensor:
    count, channels, height, width = x.shape
    size = node.said["blocksize"]
    if node.said.get("mode", "DCR") == "CRD":
        return functional.pixel_shuffle(x, size)
    x = x.reshape(count, size, size, channels // size**2, height, width)
    return x.permute(0, 3, 4, 1, 5, 2).reshape(count, channels // size**2, height * size, width * size)


def space_to_depth(node: Node, x: Tensor) -> Tensor:
    count, channels, height, width = x.shape
    size = node.said["blocksize"]
    x = x.reshape(count, channels, height // size, size, width // size, size)
    order = (0, 1, 3, 5, 2, 4) if node.said.get("mode", "DCR") == "CRD" else (0, 3, 5, 1, 2, 4)
    return x.permute(order).reshape(count, channels * size**2, height // size, width // size)


OPERATORS: Table = {
    "Concat": concat,
    "DepthToSpace": depth_to_space,
    "Expand": told(expand, 1),
    "Flatten": flatten,
    "Pad": told(pad, 1, 2, 3),
    "Reshape": told(reshape, 1),
    "SpaceToDepth": space_to_depth,
    "Split": told(split, 1),
    "Squeeze": told(squeeze, 1),
    "Tile": told(tile, 1),
    "Transpose": transpose,
    "Unsqueeze": told(unsqueeze, 1),
}
