"""Operators that do with each number the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional

from camwire.runtimes.translated.operators.contract import Table, TranslationError, of_onnx, told
from camwire.runtimes.translated.program import Node

Unary = Callable[[Tensor], Tensor]
Binary = Callable[[Tensor, Tensor], Tensor]


def _of_one(function: Unary) -> Callable[..., Tensor]:
    return lambda _, x: function(x)


def _of_two(function: Binary) -> Callable[..., Tensor]:
    return lambda _, a, b: function(a, b)


def _of_many(function: Binary) -> Callable[..., Tensor]:
    return lambda _, *inputs: reduce(function, inputs)


def divide(_: Node, a: Tensor, b: Tensor) -> Tensor:
    """Whole numbers are rounded towards nought."""
    return torch.div(a, b) if a.is_floating_point() else torch.div(a, b, rounding_mode="trunc")


def modulo(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """The sign is the divisor's, or with `fmod` the dividend's."""
    return torch.fmod(a, b) if node.said.get("fmod") else torch.remainder(a, b)


def power(_: Node, a: Tensor, b: Tensor) -> Tensor:
    return torch.pow(a, b).to(a.dtype)


def mean(_: Node, *inputs: Tensor) -> Tensor:
    return reduce(torch.add, inputs) / len(inputs)


def clip(node: Node, x: Tensor, least: Tensor | None = None, most: Tensor | None = None) -> Tensor:
    """Bounds are inputs, before version 11 attributes."""
    low, high = (
        torch.tensor(node.said[name], dtype=x.dtype, device=x.device) if name in node.said else given
        for name, given in (("min", least), ("max", most))
    )
    x = x if low is None else torch.maximum(x, low)
    return x if high is None else torch.minimum(x, high)


def cast(node: Node, x: Tensor) -> Tensor:
    return x.to(of_onnx(node.said["to"]))


def cast_like(_: Node, x: Tensor, other: Tensor) -> Tensor:
    return x.to(other.dtype)


def gelu(node: Node, x: Tensor) -> Tensor:
    return functional.gelu(x, approximate=node.said.get("approximate", "none"))


def elu(node: Node, x: Tensor) -> Tensor:
    return functional.elu(x, node.said.get("alpha", 1.0))


def celu(node: Node, x: Tensor) -> Tensor:
    return functional.celu(x, node.said.get("alpha", 1.0))


def selu(node: Node, x: Tensor) -> Tensor:
    alpha = node.said.get("alpha", 1.6732631921768188)
    return node.said.get("gamma", 1.0507010221481323) * functional.elu(x, alpha)


def leaky_relu(node: Node, x: Tensor) -> Tensor:
    return functional.leaky_relu(x, node.said.get("alpha", 0.01))


def prelu(_: Node, x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x < 0, x * slope, x)


def hard_sigmoid(node: Node, x: Tensor) -> Tensor:
    return (x * node.said.get("alpha", 0.2) + node.said.get("beta", 0.5)).clamp(0, 1)


def swish(node: Node, x: Tensor) -> Tensor:
    alpha = node.said.get("alpha", 1.0)
    return functional.silu(x) if alpha == 1 else x * torch.sigmoid(alpha * x)


def thresholded_relu(node: Node, x: Tensor) -> Tensor:
    return functional.threshold(x, node.said.get("alpha", 1.0), 0.0)


def dropout(
    node: Node, x: Tensor, _share: list[float] | None = None, training: list[bool] | None = None
) -> Tensor:
    """Nothing: it is for training."""
    if len([name for name in node.outputs if name]) > 1 or (training and training[0]):
        raise TranslationError("Dropout in training")
    return x


OPERATORS: Table = {
    "Abs": _of_one(torch.abs),
    "Add": _of_two(torch.add),
    "And": _of_two(torch.logical_and),
    "Cast": cast,
    "CastLike": cast_like,
    "Ceil": _of_one(torch.ceil),
    "Celu": celu,
    "Clip": clip,
    "Cos": _of_one(torch.cos),
    "Div": divide,
    "Dropout": told(dropout, 1, 2),
    "Elu": elu,
    "Equal": _of_two(torch.eq),
    "Erf": _of_one(torch.erf),
    "Exp": _of_one(torch.exp),
    "Floor": _of_one(torch.floor),
    "Gelu": gelu,
    "Greater": _of_two(torch.gt),
    "GreaterOrEqual": _of_two(torch.ge),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": _of_one(functional.hardswish),
    "Identity": _of_one(lambda x: x),
    "IsNaN": _of_one(torch.isnan),
    "LeakyRelu": leaky_relu,
    "Less": _of_two(torch.lt),
    "LessOrEqual": _of_two(torch.le),
    "Log": _of_one(torch.log),
    "Max": _of_many(torch.maximum),
    "Mean": mean,
    "Min": _of_many(torch.minimum),
    "Mish": _of_one(functional.mish),
    "Mod": modulo,
    "Mul": _of_two(torch.mul),
    "Neg": _of_one(torch.neg),
    "Not": _of_one(torch.logical_not),
    "Or": _of_two(torch.logical_or),
    "PRelu": prelu,
    "Pow": power,
    "Reciprocal": _of_one(torch.reciprocal),
    "Relu": _of_one(functional.relu),
    "Round": _of_one(torch.round),
    "Selu": selu,
    "Sigmoid": _of_one(torch.sigmoid),
    "Sign": _of_one(torch.sign),
    "Sin": _of_one(torch.sin),
    "Softplus": _of_one(functional.softplus),
    "Softsign": _of_one(functional.softsign),
    "Sqrt": _of_one(torch.sqrt),
    "Sub": _of_two(torch.sub),
    "Sum": _of_many(torch.add),
    "Swish": swish,
    "Tan": _of_one(torch.tan),
    "Tanh": _of_one(torch.tanh),
    "ThresholdedRelu": thresholded_relu,
    "Where": lambda _, condition, a, b: torch.where(condition, a, b),
    "Xor": _of_two(torch.logical_xor),
}
