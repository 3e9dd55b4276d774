"""A small detector with everything that YOLO11's graph has, made by hand: convolutions with SiLU, pooling, a
doubled grid, attention, distributions over 16 bins, anchors and strides; random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CLASSES, BINS, WIDTH = 5, 16, 32


class Drawing:
    """A graph as it grows; each method adds nodes and returns the name of what comes out."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: object, dtype: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes: object) -> str:
        names = [f"{op}{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names[0]

    def conv(self, x: str, into: int, out: int, size: int = 1, stride: int = 1, gain: float = 1.6) -> str:
        spread = gain / np.sqrt(into * size * size)
        weights = self.constant(self.rng.normal(0, spread, (out, into, size, size)))
        bias = self.constant(self.rng.normal(0, 0.1, out))
        return self.node("Conv", x, weights, bias, strides=[stride] * 2, pads=[size // 2] * 4)

    def block(self, x: str, into: int, out: int, size: int = 1, stride: int = 1) -> str:
        x = self.conv(x, into, out, size, stride)
        return self.node("Mul", x, self.node("Sigmoid", x))

    def reshape(self, x: str, *shape: int) -> str:
        return self.node("Reshape", x, self.constant(shape, np.int64))

    def part(self, x: str, first: int, end: int) -> str:
        """Of the second axis."""
        return self.node("Slice", x, *(self.constant([value], np.int64) for value in (first, end, 1)))

    def attention(self, x: str, height: int, width: int) -> str:
        flat = self.reshape(self.conv(x, WIDTH, WIDTH), 0, WIDTH, -1)
        looks = self.node("MatMul", self.node("Transpose", flat, perm=[0, 2, 1]), flat)
        looks = self.node("Softmax", self.node("Mul", looks, self.constant(WIDTH**-0.5)), axis=2)
        seen = self.node("MatMul", flat, self.node("Transpose", looks, perm=[0, 2, 1]))
        return self.node("Add", x, self.reshape(seen, 0, WIDTH, height, width))

    def head(self, grid: str, height: int, width: int, stride: int) -> str:
        """[B, 4 + CLASSES, height · width]."""
        logits = self.reshape(self.conv(self.block(grid, WIDTH, 64, 3), 64, 4 * BINS, gain=3), 0, 4, BINS, -1)
        share = self.node("Transpose", self.node("Softmax", logits, axis=2), perm=[0, 2, 1, 3])
        bins = self.constant(np.arange(BINS).reshape(1, BINS, 1, 1))
        reach = self.reshape(self.node("Conv", share, bins), 0, 4, -1)
        near, far = (self.part(reach, *sides) for sides in ((0, 2), (2, 4)))
        y, x = np.meshgrid(np.arange(height) + 0.5, np.arange(width) + 0.5, indexing="ij")
        centre = self.constant(np.stack((x.ravel(), y.ravel()))[None])
        first, last = self.node("Sub", centre, near), self.node("Add", centre, far)
        middle = self.node("Div", self.node("Add", first, last), self.constant(2.0))
        box = self.node("Concat", middle, self.node("Sub", last, first), axis=1)
        box = self.node("Mul", box, self.constant(float(stride)))
        scores = self.reshape(self.conv(self.block(grid, WIDTH, 32), 32, CLASSES, gain=8), 0, CLASSES, -1)
        return self.node("Concat", box, self.node("Sigmoid", scores), axis=1)


def save_small_yolo(path: Path, width: int = 192, height: int = 128, seed: int = 0) -> Path:
    """[B, 3, height, width] float32, 0 to 1 → [B, 9, A], strides 16 and 32; any batch."""
    of = Drawing(seed)
    x = of.block("images", 3, WIDTH // 2, 3, 2)
    x = of.block(of.block(x, WIDTH // 2, WIDTH, 3, 2), WIDTH, WIDTH, 3)
    fine = of.block(of.block(x, WIDTH, WIDTH, 3, 2), WIDTH, WIDTH, 3, 2)
    coarse = of.node("MaxPool", fine, kernel_shape=[2, 2], strides=[2, 2])
    coarse = of.attention(of.block(coarse, WIDTH, WIDTH), height // 32, width // 32)
    doubled = of.node("Resize", coarse, "", of.constant([1, 1, 2, 2]), mode="nearest")
    fine = of.block(of.node("Concat", doubled, fine, axis=1), 2 * WIDTH, WIDTH)
    heads = of.head(fine, height // 16, width // 16, 16), of.head(coarse, height // 32, width // 32, 32)
    of.nodes.append(helper.make_node("Concat", heads, ["output0"], axis=2))
    anchors = (height // 16) * (width // 16) * 5 // 4
    graph = helper.make_graph(
        of.nodes,
        "small yolo",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, height, width])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", 4 + CLASSES, anchors])],
        of.constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
