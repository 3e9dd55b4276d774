"""Operators with weights, and those that look at many numbers at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from camwire.runtimes.translated.operators.around import room, surrounded, window
from camwire.runtimes.translated.operators.contract import Table, TranslationError
from camwire.runtimes.translated.program import Node

CONVOLUTIONS: Sequence[Any] = (functional.conv1d, functional.conv2d, functional.conv3d)
BACKWARDS: Sequence[Any] = (
    functional.conv_transpose1d,
    functional.conv_transpose2d,
    functional.conv_transpose3d,
)
"""By the number of axes, from one on."""
FLAT_SOFTMAX = 13
"""Version of the operators before which a softmax goes over all axes from its own on."""
SCALES_BY_CHANNEL = 21
"""Version from which GroupNormalization has a number a channel, not a group."""


def conv(node: Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    kernel, strides, dilations = window(node, list(weight.shape[2:]))
    before, behind = room(node, x.shape[2:], kernel, strides, dilations)
    function, groups = CONVOLUTIONS[len(kernel) - 1], node.said.get("group", 1)
    if before == behind:
        return function(x, weight, bias, strides, before, dilations, groups)
    return function(surrounded(x, before, behind, 0.0), weight, bias, strides, 0, dilations, groups)


def conv_transpose(node: Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    kernel, strides, dilations = window(node, list(weight.shape[2:]))
    if "output_shape" in node.said or node.said.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise TranslationError("ConvTranspose whose room follows from the shape of its result")
    before, behind = room(node, x.shape[2:], kernel, strides, dilations)
    added = node.said.get("output_padding") or [0] * len(kernel)
    function, groups = BACKWARDS[len(kernel) - 1], node.said.get("group", 1)
    if before == behind:
        return function(x, weight, bias, strides, before, added, groups, dilations)
    whole = function(x, weight, bias, strides, 0, added, groups, dilations)
    return surrounded(whole, [-side for side in before], [-side for side in behind], 0.0)


def gemm(node: Node, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    a = a.t() if node.said.get("transA") else a
    b = b.t() if node.said.get("transB") else b
    product = node.said.get("alpha", 1.0) * (a @ b)
    return product if c is None else product + node.said.get("beta", 1.0) * c


def einsum(node: Node, *inputs: Tensor) -> Tensor:
    return torch.einsum(node.said["equation"], *inputs)


def softmax(node: Node, x: Tensor) -> Tensor:
    return _over_an_axis(node, x, torch.softmax)


def log_softmax(node: Node, x: Tensor) -> Tensor:
    return _over_an_axis(node, x, torch.log_softmax)


def batch_norm(node: Node, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    if node.said.get("training_mode"):
        raise TranslationError("BatchNormalization in training")
    return functional.batch_norm(x, mean, variance, scale, bias, eps=node.said.get("epsilon", 1e-5))


def instance_norm(node: Node, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return functional.instance_norm(x, weight=scale, bias=bias, eps=node.said.get("epsilon", 1e-5))


def group_norm(node: Node, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    groups = node.said["num_groups"]
    if node.opset < SCALES_BY_CHANNEL:
        scale, bias = (each.repeat_interleave(x.shape[1] // groups) for each in (scale, bias))
    return functional.group_norm(x, groups, scale, bias, node.said.get("epsilon", 1e-5))


def layer_norm(
    node: Node, x: Tensor, scale: Tensor, bias: Tensor | None = None
) -> Tensor | tuple[Tensor, Tensor, Tensor]:
    """With its means, and one over its standard deviations, where they are asked for."""
    axis, epsilon = node.said.get("axis", -1) % x.dim(), node.said.get("epsilon", 1e-5)
    shape, axes = x.shape[axis:], list(range(axis, x.dim()))
    bias = None if bias is None else bias.expand(shape)
    normalised = functional.layer_norm(x, shape, scale.expand(shape), bias, epsilon)
    if not any(node.outputs[1:]):
        return normalised
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    return normalised, mean, torch.rsqrt(variance + epsilon)


def grid_sample(node: Node, x: Tensor, grid: Tensor) -> Tensor:
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(node.said.get("mode", "bilinear"))
    padding, aligned = node.said.get("padding_mode", "zeros"), bool(node.said.get("align_corners"))
    return functional.grid_sample(x, grid, mode or node.said.get("mode", "bilinear"), padding, aligned)


def _over_an_axis(node: Node, x: Tensor, function: Any) -> Tensor:
    if node.opset >= FLAT_SOFTMAX:
        return function(x, node.said.get("axis", -1))
    axis = node.said.get("axis", 1) % x.dim()
    return function(x.reshape(prod(x.shape[:axis]), -1), 1).reshape(x.shape)


OPERATORS: Table = {
    "BatchNormalization": batch_norm,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Einsum": einsum,
    "Gemm": gemm,
    "GridSample": grid_sample,
    "GroupNormalization": group_norm,
    "InstanceNormalization": instance_norm,
    "LayerNormalization": layer_norm,
    "LogSoftmax": log_softmax,
    "MatMul": lambda _, a, b: torch.matmul(a, b),
    "Softmax": softmax,
}
