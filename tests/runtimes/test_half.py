"""Half-precision types for ONNX files: what is computed stays what it was, within half precision's error.

It is evaluated by ONNX's own reference, which rounds to half precision after every operation; CPUs' runtimes
would leave those roundings out. Convolutions add up in single precision, as GPUs do.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.ops.op_conv import Conv as ReferenceConv

from camwire.models import ModelError, load_model
from camwire.runtimes.half import in_half_precision
from tests.models.files import save_dynamic, save_model
from tests.models.layouts import LAYOUTS
from tests.models.small_yolo import Drawing, save_small_yolo

pytestmark = pytest.mark.integration


class Conv(ReferenceConv):
    def _run(self, x: np.ndarray, w: np.ndarray, b: np.ndarray | None = None, **rest: object) -> tuple:
        single = (each if each is None else each.astype(np.float32) for each in (x, w, b))
        return tuple(out.astype(x.dtype) for out in ReferenceConv._run(self, *single, **rest))


def converted(file: Path) -> onnx.ModelProto:
    model = onnx.load_from_string(in_half_precision(file))
    onnx.checker.check_model(model, full_check=True)
    return model


def in_half(model: onnx.ModelProto, fed: np.ndarray) -> list[np.ndarray]:
    value = model.graph.input[0]
    half = value.type.tensor_type.elem_type == TensorProto.FLOAT16
    evaluator = ReferenceEvaluator(model, new_ops=[Conv])
    return evaluator.run(None, {value.name: fed.astype(np.float16 if half else np.float32)})


def in_single(file: Path, fed: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: fed.astype(np.float32)})


def types(model: onnx.ModelProto, op: str) -> list[int]:
    """Of what the nodes of that kind give."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    kinds = {v.name: v.type.tensor_type.elem_type for v in (*inferred.value_info, *inferred.output)}
    return [kinds[node.output[0]] for node in inferred.node if node.op_type == op]


@pytest.mark.parametrize("seed", range(3))
def test_a_yolos_boxes_and_scores_stay_what_they_were(seed: int, tmp_path: Path) -> None:
    file = save_small_yolo(tmp_path / "small.onnx", seed=seed)
    model = converted(file)
    fed = np.random.default_rng(seed).uniform(0, 1, (2, 3, 128, 192)).astype(np.float16)
    (found,), (wanted,) = in_half(model, fed), in_single(file, fed)
    assert found.dtype == np.float32
    assert np.ptp(wanted[:, 2:4]) > 250, "boxes of all sizes"
    assert np.ptp(wanted[:, 4:]) > 0.9, "scores of all kinds"
    np.testing.assert_allclose(found[:, :4], wanted[:, :4], atol=0.5)
    np.testing.assert_allclose(found[:, 4:], wanted[:, 4:], atol=0.005)


def test_the_work_is_halved_and_what_makes_pixels_is_not(tmp_path: Path) -> None:
    model = converted(save_small_yolo(tmp_path / "small.onnx"))
    assert model.graph.input[0].type.tensor_type.elem_type == TensorProto.FLOAT16
    *_, fine, coarse = types(model, "Concat")
    assert (fine, coarse) == (TensorProto.FLOAT, TensorProto.FLOAT)
    convolutions = types(model, "Conv")
    bins = [kind for kind in convolutions if kind == TensorProto.FLOAT]
    assert len(bins) == 2, "the means over bins, one a grid"
    assert set(types(model, "MatMul")) == {TensorProto.FLOAT16}
    assert types(model, "Resize") == [TensorProto.FLOAT16]


def test_the_bundled_model_says_the_same_in_half_precision() -> None:
    """Which is small enough to be evaluated whole: 416×416."""
    graph = load_model("nanodet").graph
    model = converted(graph.file)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 3, 416, 416)).astype(np.float32)
    fed = ((pixels - 110) / 58).astype(np.float16)
    for found, wanted in zip(in_half(model, fed), in_single(graph.file, fed), strict=True):
        near = 0.003 if wanted.shape[2] == 80 else 0.02
        np.testing.assert_allclose(found, wanted, atol=near)
    assert set(types(model, "Conv")) == {TensorProto.FLOAT16}


@pytest.mark.parametrize("layout", [x for x in LAYOUTS if not x.nhwc], ids=lambda layout: layout.name)
def test_a_file_of_every_layout_stays_one(layout, tmp_path: Path) -> None:
    file = save_model(tmp_path / "some.onnx", layout)
    (tmp_path / "half.onnx").write_bytes(in_half_precision(file))
    before, after = load_model(str(file)), load_model(str(tmp_path / "half.onnx"))
    assert (after.task, after.classes, after.reading) == (before.task, before.classes, before.reading)


def test_an_open_size_stays_open(tmp_path: Path) -> None:
    file = save_dynamic(tmp_path / "open.onnx", imgsz="[640, 640]")
    model = converted(file)
    for height, width in ((64, 96), (96, 64)):
        fed = np.random.default_rng(0).uniform(0, 1, (2, 3, height, width)).astype(np.float16)
        (found,), (wanted,) = in_half(model, fed), in_single(file, fed)
        np.testing.assert_allclose(found, wanted, atol=0.01)


def test_what_half_precision_cannot_hold_stays_in_single_precision(tmp_path: Path) -> None:
    """70000 × x / 70000 before a convolution: halved, it would be infinite."""
    of = Drawing(0)
    large = of.constant(70_000.0)
    x = of.node("Div", of.node("Mul", "x", large), large)
    of.nodes.append(helper.make_node("Identity", [of.conv(x, 3, 8, 3)], ["y"]))
    file = saved(of, tmp_path / "large.onnx", [1, 3, 8, 8], [1, 8, 8, 8])
    model = converted(file)
    assert types(model, "Mul") == types(model, "Div") == [TensorProto.FLOAT]
    assert types(model, "Conv") == [TensorProto.FLOAT16]
    fed = np.random.default_rng(0).uniform(-1, 1, (1, 3, 8, 8)).astype(np.float16)
    np.testing.assert_allclose(in_half(model, fed)[0], in_single(file, fed)[0], atol=0.01)


SINGLE = ("Sigmoid", "Tanh", "Relu", "Neg", "Exp", "Sqrt", "Identity", "Softplus")


@settings(max_examples=60)
@given(st.data())
def test_any_mixture_of_operations_is_valid_and_near(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Sound ones and others, in any order, before, between and behind convolutions."""
    of = Drawing(data.draw(st.integers(0, 1000)))
    known = ["x"]
    for _ in range(data.draw(st.integers(2, 12))):
        kind = data.draw(st.sampled_from(("conv", "single", "two", "round trip", "shape")))
        source = data.draw(st.sampled_from(known))
        match kind:
            case "conv":
                found = of.node("Tanh", of.conv(source, 8, 8, 3))
            case "single":
                found = of.node(data.draw(st.sampled_from(SINGLE)), of.node("Sigmoid", source))
            case "two":
                op = data.draw(st.sampled_from(("Add", "Mul", "Sub", "Max")))
                found = of.node("Tanh", of.node(op, source, data.draw(st.sampled_from(known))))
            case "round trip":
                whole = of.node("Cast", of.node("Mul", source, of.constant(8.0)), to=TensorProto.DOUBLE)
                found = of.node("Cast", whole, to=TensorProto.FLOAT)
                found = of.node("Div", found, of.constant(8.0))
            case _:
                found = of.node("Reshape", source, of.node("Shape", data.draw(st.sampled_from(known))))
        known.append(found)
    of.nodes.append(helper.make_node("Identity", [known[-1]], ["y"]))
    file = saved(of, tmp_path_factory.getbasetemp() / "mixture.onnx", [1, 8, 4, 4], [1, 8, 4, 4])
    fed = of.rng.uniform(-1, 1, (1, 8, 4, 4)).astype(np.float16)
    (found,), (wanted,) = in_half(converted(file), fed), in_single(file, fed)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=0.05)


def test_without_the_package_onnx_the_error_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(
        ModelError, match=r"needs the package onnx .* pip install onnx, or set model.precision"
    ):
        in_half_precision(tmp_path / "some.onnx")


def saved(of: Drawing, path: Path, fed: list[int], given_back: list[int]) -> Path:
    graph = helper.make_graph(
        of.nodes,
        "made",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, fed)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, given_back)],
        of.constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
