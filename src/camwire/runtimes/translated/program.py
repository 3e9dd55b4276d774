"""An ONNX file as a list of operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from camwire.models.contract import ModelError
from camwire.runtimes.translated.types import TYPES

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

OWN_DOMAINS = ("", "ai.onnx")
INSTALL = "pip install 'camwire[cuda]'"


@dataclass(frozen=True, slots=True)
class Node:
    """One operation."""

    operator: str
    inputs: tuple[str, ...]
    """Names of tensors; an empty one is left out."""
    outputs: tuple[str, ...]
    said: Mapping[str, Any]
    """Its attributes: numbers, text, tensors and lists of those."""
    opset: int
    """The version of ONNX's operators that it means."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a file does, in order."""

    fed: str
    """The name of its only input."""
    dtype: torch.dtype
    """Of that."""
    nodes: tuple[Node, ...]
    constants: Mapping[str, Tensor]


def read_program(file: Path, content: bytes | None = None) -> Program:
    """The program in ``file``, or in ``content`` in its place. Raises ModelError."""
    model = _loaded(file, content)
    opset = next((one.version for one in model.opset_import if one.domain in OWN_DOMAINS), 1)
    constants = {tensor.name: _tensor(tensor) for tensor in model.graph.initializer}
    fed = [one for one in model.graph.input if one.name not in constants]
    if len(fed) != 1:
        raise ModelError(f"model {file}: it has {len(fed)} inputs where a detector has one")
    dtype = TYPES.get(fed[0].type.tensor_type.elem_type, torch.float32)
    nodes = [
        Node(
            _operator_of(one),
            tuple(one.input),
            tuple(one.output),
            attributes_of(one),
            opset,
        )
        for one in model.graph.node
    ]
    kept = {output.name for output in model.graph.output}
    return Program(fed[0].name, dtype, with_swish(nodes, kept), constants)


def attributes_of(node: NodeProto) -> dict[str, Any]:
    """What a node of a file is told, by name: numbers, text, tensors and lists of those."""
    return {attribute.name: _said(attribute) for attribute in node.attribute}


def operators_in(file: Path) -> set[str]:
    """The names of the operators that a file uses, those of other domains with it before them.

    Raises ModelError.
    """
    nodes = _loaded(file, None, weights=False).graph.node
    return {_operator_of(one) for one in nodes}


def _operator_of(node: NodeProto) -> str:
    name: str = node.op_type
    return name if node.domain in OWN_DOMAINS else f"{node.domain}.{name}"


def with_swish(nodes: list[Node], kept: set[str]) -> tuple[Node, ...]:
    """x·σ(x), which exporters write as two operations, as the one that a convolution's kernel does, too.
    ``kept``: tensors that are wanted besides."""
    users = Counter(name for node in nodes for name in node.inputs)
    sigmoids = {
        node.outputs[0]: node
        for node in nodes
        if node.operator == "Sigmoid" and users[node.outputs[0]] == 1 and node.outputs[0] not in kept
    }
    merged, gone = [], set()
    for node in nodes:
        factor = next((name for name in node.inputs if name in sigmoids), None)
        source = sigmoids[factor].inputs[0] if factor is not None else None
        if factor is None or node.operator != "Mul" or source not in node.inputs:
            merged.append(node)
            continue
        assert source is not None
        merged.append(replace(node, operator="Swish", inputs=(source,), said={}))
        gone.add(factor)
    return tuple(node for node in merged if not gone.intersection(node.outputs))


def _loaded(file: Path, content: bytes | None, *, weights: bool = True) -> ModelProto:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise ModelError(
            f"model {file}: PyTorch runs ONNX files with the help of the package onnx; add it with: {INSTALL}"
        ) from None
    try:
        if content is not None:
            return onnx.load_model_from_string(content)
        return onnx.load(file, load_external_data=weights)
    except (OSError, ValueError, DecodeError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"model {file}: this is no readable ONNX file ({reason})") from error


def _said(attribute: Any) -> Any:
    """An attribute's value: bytes as text, tensors as PyTorch's, and what has operations in it as it is."""
    from onnx import helper

    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if attribute.type == attribute.TENSOR:
        return _tensor(value)
    if attribute.type in (attribute.INTS, attribute.FLOATS):
        return list(value)
    return value


def _tensor(tensor: TensorProto) -> Tensor:
    from onnx import numpy_helper

    return torch.from_numpy(numpy_helper.to_array(tensor).copy())
