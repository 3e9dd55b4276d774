"""An ONNX model with half-precision types, for what computes in the types that a file has.

TensorRT 11, TensorRT for RTX and ONNX Runtime on GPUs take a model's precision from its file. Halved is what
leads to convolutions and matrix products, where the time goes. What comes behind the last of them stays in
single precision: it turns distributions and anchors into pixels, of which half precision knows every other
one from 512 to 1024 by halves. So do operations that aren't known to be sound in it; casts stand between.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from camwire.models.contract import ModelError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

WORK = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
LEAST_WEIGHTS = 64
"""A convolution with fewer is no work: YOLO's mean over the 16 bins of a distribution is written as one."""
SOUND = WORK | set(
    """
    Add AveragePool Cast Clip Concat DepthToSpace Div Elu Expand Flatten Gather Gelu
    GlobalAveragePool HardSigmoid HardSwish Identity LeakyRelu Max MaxPool Min Mish Mul PRelu Pad
    ReduceMax ReduceMean Relu Reshape Resize Sigmoid Slice Softmax SpaceToDepth Split Squeeze Sub
    Tanh Tile Transpose Unsqueeze Upsample Where
    """.split()  # noqa: SIM905 - a list of words
)
"""Their results stay in half precision's range when what goes in is there, or nearly so."""
ANY_TYPE = frozenset({"Shape", "Size"})
FIRST_INPUT_ONLY = frozenset({"Resize", "Upsample"})
"""What else goes into them is in single precision by ONNX's definition."""
LARGEST = float(np.finfo(np.float16).max)
INSTALL = "pip install onnx"


def in_half_precision(file: Path) -> bytes:
    """The ONNX model in ``file`` with half-precision types; its input too where nothing needs it otherwise,
    its outputs as they were. Raises ModelError when the package onnx is missing or can't read the file."""
    try:
        import onnx
    except ImportError:
        raise ModelError(
            f"model {file}: half precision needs the package onnx to convert it; add it with: {INSTALL}, "
            "or set model.precision to full"
        ) from None
    try:
        model = onnx.load(file)
        typed = onnx.shape_inference.infer_shapes(model)
    except (OSError, onnx.shape_inference.InferenceError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"model {file}: it can't be converted to half precision ({reason})") from error
    _Halving(model, typed).apply()
    content: bytes = model.SerializeToString()
    return content


class _Halving:
    """A tensor that is halved has its half under another name; its own name goes on standing for single
    precision, made by a cast where anybody wants it."""

    def __init__(self, model: ModelProto, typed: ModelProto) -> None:
        import onnx

        self._onnx = onnx
        self._graph = model.graph
        single = onnx.TensorProto.FLOAT
        _constants_as_initializers(self._graph, single)
        self._constants = {tensor.name: tensor for tensor in self._graph.initializer}
        self._singles = {
            value.name
            for part in (typed.graph.input, typed.graph.value_info, typed.graph.output)
            for value in part
            if value.type.tensor_type.elem_type == single
        } | {tensor.name for tensor in self._constants.values() if tensor.data_type == single}
        self._halves: dict[str, str] = {}
        self._only_half: set[str] = set()
        self._nodes: list[NodeProto] = []

    def apply(self) -> None:
        halved = self._to_be_halved()
        self._halve_inputs(halved)
        for index, node in enumerate(list(self._graph.node)):
            if index in halved:
                self._halve(node)
            else:
                self._leave(node)
        for output in self._graph.output:
            self._require_single(output.name)
        del self._graph.node[:], self._graph.value_info[:]
        self._graph.node.extend(self._nodes)
        self._drop_unused()

    def _to_be_halved(self) -> set[int]:
        """The work, and all sound operations on the way to it."""
        nodes = self._graph.node
        made_by = {name: index for index, node in enumerate(nodes) for name in node.output}
        on_the_way = {index for index, node in enumerate(nodes) if self._is_work(node)}
        ahead = list(on_the_way)
        while ahead:
            for name in nodes[ahead.pop()].input:
                source = made_by.get(name)
                if source is not None and source not in on_the_way:
                    on_the_way.add(source)
                    ahead.append(source)
        return {index for index in on_the_way if self._is_sound(nodes[index])}

    def _is_work(self, node: NodeProto) -> bool:
        if node.op_type not in WORK or not self._is_sound(node):
            return False
        weights = self._constants.get(node.input[1])
        return weights is None or int(np.prod(weights.dims)) >= LEAST_WEIGHTS

    def _is_sound(self, node: NodeProto) -> bool:
        return (
            node.domain in ("", "ai.onnx")
            and node.op_type in SOUND
            and all(name in self._singles for name in node.output if name)
            and all(self._fits(name) for name in self._halved_inputs(node))
        )

    def _fits(self, name: str) -> bool:
        constant = self._constants.get(name)
        if constant is None:
            return True
        values = self._onnx.numpy_helper.to_array(constant)
        return bool((np.abs(values[np.isfinite(values)]) <= LARGEST).all())

    def _halved_inputs(self, node: NodeProto) -> list[str]:
        inputs = node.input[:1] if node.op_type in FIRST_INPUT_ONLY else node.input
        return [name for name in inputs if name in self._singles]

    def _halve_inputs(self, halved: set[int]) -> None:
        """The types of the graph's own inputs that are only used in half precision."""
        nodes = self._graph.node
        elsewhere = {
            name
            for index, node in enumerate(nodes)
            if index not in halved and node.op_type not in ANY_TYPE
            for name in _used_by(node)
        } | {output.name for output in self._graph.output}
        for value in self._graph.input:
            if value.name in self._singles - elsewhere - self._constants.keys():
                value.type.tensor_type.elem_type = self._onnx.TensorProto.FLOAT16
                self._halves[value.name] = value.name

    def _halve(self, node: NodeProto) -> None:
        wanted = set(self._halved_inputs(node))
        for place, name in enumerate(node.input):
            if name in wanted and (place == 0 or node.op_type not in FIRST_INPUT_ONLY):
                node.input[place] = self._half_of(name)
            else:
                self._require_single(name)
        for place, name in enumerate(node.output):
            if name:
                node.output[place] = self._halves[name] = f"{name}/half"
                self._only_half.add(name)
        if node.op_type == "Cast":
            next(part for part in node.attribute if part.name == "to").i = self._onnx.TensorProto.FLOAT16
        self._nodes.append(node)

    def _leave(self, node: NodeProto) -> None:
        if node.op_type in ANY_TYPE:
            node.input[0] = self._halves.get(node.input[0], node.input[0])
        for name in _used_by(node):
            self._require_single(name)
        self._nodes.append(node)

    def _half_of(self, name: str) -> str:
        if name not in self._halves:
            self._halves[name] = f"{name}/half"
            constant = self._constants.get(name)
            if constant is None:
                self._cast(name, self._halves[name], self._onnx.TensorProto.FLOAT16)
            else:
                values = self._onnx.numpy_helper.to_array(constant).astype(np.float16)
                self._graph.initializer.append(self._onnx.numpy_helper.from_array(values, self._halves[name]))
        return self._halves[name]

    def _require_single(self, name: str) -> None:
        """Cast what a halved node made back, once."""
        if name in self._only_half:
            self._only_half.remove(name)
            self._cast(self._halves[name], name, self._onnx.TensorProto.FLOAT)

    def _cast(self, source: str, target: str, kind: int) -> None:
        self._nodes.append(self._onnx.helper.make_node("Cast", [source], [target], to=kind))

    def _drop_unused(self) -> None:
        """The single-precision originals of halved constants, which old files list as inputs too."""
        used = {name for node in self._graph.node for name in _used_by(node)}
        used |= {output.name for output in self._graph.output}
        for part in (self._graph.initializer, self._graph.input):
            kept = [each for each in part if each.name in used or each.name not in self._constants]
            del part[:]
            part.extend(kept)


def _used_by(node: NodeProto) -> Iterator[str]:
    """The tensors that a node reads, its subgraphs' nodes included."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            yield from (output.name for output in graph.output)
            for inner in graph.node:
                yield from _used_by(inner)


def _constants_as_initializers(graph: GraphProto, single: int) -> None:
    """Numbers that nodes of their own hold in single precision, where all other constants are."""
    kept = []
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].t.data_type == single:
            tensor = node.attribute[0].t
            tensor.name = node.output[0]
            graph.initializer.append(tensor)
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
