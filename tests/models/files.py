"""Model files made by hand: real ONNX that says whatever it is to say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.models.layouts import SIZE, Layout, random_outputs


def save_model(
    path: Path,
    layout: Layout,
    outputs: Sequence[NDArray[np.float32]] | None = None,
    *,
    dynamic: bool = False,
    half: bool = False,
) -> Path:
    """A network of the layout whose outputs are ``outputs`` (random ones where absent) plus the mean of its
    input, which is 0 for black pixels where nothing is subtracted. ``dynamic``: the batch is open."""
    spec = layout.model().graph.outputs
    said = random_outputs(layout, 1, 1) if outputs is None else outputs
    number, kind = (np.float16, TensorProto.FLOAT16) if half else (np.float32, TensorProto.FLOAT)
    sides = [SIZE.height, SIZE.width, 3] if layout.nhwc else [3, SIZE.height, SIZE.width]
    shape = ["batch" if dynamic else 1, *sides]
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Sub", ["mean", "mean"], ["nothing"]),
    ]
    constants, declared = [], []
    for tensor, values in zip(spec, said, strict=True):
        ones = np.array([-1, *[1] * (values.ndim - 1)], np.int64)
        constants += [
            numpy_helper.from_array(values.astype(number), f"{tensor.name}_values"),
            numpy_helper.from_array(ones, f"{tensor.name}_ones"),
        ]
        nodes += [
            helper.make_node("Reshape", ["nothing", f"{tensor.name}_ones"], [f"{tensor.name}_zero"]),
            helper.make_node("Add", [f"{tensor.name}_values", f"{tensor.name}_zero"], [tensor.name]),
        ]
        own = [shape[0], *values.shape[1:]]
        declared.append(helper.make_tensor_value_info(tensor.name, kind, own))
    graph = helper.make_graph(
        nodes, "made", [helper.make_tensor_value_info("images", kind, shape)], declared, constants
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, layout.metadata)
    onnx.save(model, path)
    return path


def save_dynamic(path: Path, classes: int = 5, **metadata: str) -> Path:
    """A tiny fully convolutional detector [B, 4 + classes, A] whose batch, height and width are open.

    Each of the grids of strides 8, 16, 32 is the mean colour of its cells, mixed into the columns.
    """
    rng = np.random.default_rng(0)
    nodes, constants = [], [numpy_helper.from_array(np.array([0, 4 + classes, -1], np.int64), "flat")]
    for stride in (8, 16, 32):
        weights = rng.uniform(0, 1, (4 + classes, 3, 1, 1)).astype(np.float32)
        constants.append(numpy_helper.from_array(weights, f"w{stride}"))
        nodes += [
            helper.make_node(
                "AveragePool", ["images"], [f"p{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            ),
            helper.make_node("Conv", [f"p{stride}", f"w{stride}"], [f"c{stride}"]),
            helper.make_node("Reshape", [f"c{stride}", "flat"], [f"f{stride}"]),
        ]
    nodes.append(helper.make_node("Concat", ["f8", "f16", "f32"], ["output0"], axis=2))
    shape = ["batch", 3, "height", "width"]
    graph = helper.make_graph(
        nodes,
        "dynamic",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", 4 + classes, "anchors"])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path
