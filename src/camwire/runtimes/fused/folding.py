"""Batch normalisation in a program of torch.export becomes part of the convolutions before it."""

from __future__ import annotations

from typing import Any

from torch.fx import GraphModule, Node

from camwire.runtimes.fused.nodes import CONVOLUTIONS, aten, bias_of


def fold(program: GraphModule) -> int:
    """Change the program; returns how many normalisations are gone.

    A normalisation in service multiplies each channel by a number and adds another, which the convolution's
    weights and bias can do as well: w' = w·γ/√(σ²+ε), b' = (b − μ)·γ/√(σ²+ε) + β.
    """
    count = 0
    for node in list(program.graph.nodes):
        if node.target is aten.batch_norm.default and _is_foldable(node):
            _fold(program, node, count)
            count += 1
    program.graph.eliminate_dead_code()
    program.recompile()
    return count


def _is_foldable(node: Node) -> bool:
    """Whether it takes a convolution's result that nobody else sees, by numbers that are known."""
    convolution: Any
    convolution, *numbers, training = node.args[:6]
    known = all(number is None or number.op == "get_attr" for number in numbers)
    return (
        not training
        and known
        and convolution.target is CONVOLUTIONS[0]
        and len(convolution.users) == 1
        and convolution.args[1].op == "get_attr"
        and (bias_of(convolution) is None or bias_of(convolution).op == "get_attr")
    )


def _fold(program: GraphModule, node: Node, number: int) -> None:
    convolution: Any
    convolution, *numbers = node.args[:5]
    gamma, beta, mean, variance = (_value(program, one) for one in numbers)
    own = _value(program, convolution.args[1]), _value(program, bias_of(convolution))
    weight, bias = folded(*own, gamma, beta, mean, variance, node.args[7])
    with program.graph.inserting_before(convolution):
        makers = []
        for name, value in (("weight", weight), ("bias", bias)):
            program.register_buffer(f"folded_{number}_{name}", value)
            maker = program.graph.get_attr(f"folded_{number}_{name}")
            maker.meta["val"] = value
            makers.append(maker)
    convolution.args = (convolution.args[0], *makers, *convolution.args[3:])
    convolution.kwargs = {key: value for key, value in convolution.kwargs.items() if key != "bias"}
    node.replace_all_uses_with(convolution)
    program.graph.erase_node(node)


def folded(weight: Any, bias: Any, gamma: Any, beta: Any, mean: Any, variance: Any, epsilon: float) -> Any:
    """A convolution's weight [out, in, h, w] and bias [out] that normalise, too; tensors, but for ``weight``,
    ``mean`` and ``variance`` also None."""
    scale = 1.0 / (variance.double() + epsilon).sqrt()
    if gamma is not None:
        scale = scale * gamma.double()
    shift = ((0.0 if bias is None else bias.double()) - mean.double()) * scale
    if beta is not None:
        shift = shift + beta.double()
    return (weight.double() * scale[:, None, None, None]).to(weight.dtype), shift.to(weight.dtype)


def _value(program: GraphModule, node: Node | None) -> Any:
    """The tensor that a node stands for."""
    if node is None:
        return None
    value = program
    for part in node.target.split("."):
        value = getattr(value, part)
    return value.detach()
