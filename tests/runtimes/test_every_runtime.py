"""Real files of every layout, through every runtime that is here: the same numbers out of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from camwire.frames import Size
from camwire.models import Graph, ModelError, Overrides, load_model
from camwire.models.inputs import input_for
from camwire.runtimes import Runtime, choose_runtime
from tests.models.files import save_dynamic, save_model
from tests.models.layouts import LAYOUTS, SIZE, Layout, metadata, random_outputs, reference
from tests.runtimes.test_openvino import expected, pictures, two_outputs

pytestmark = pytest.mark.integration

RUNTIMES = ("openvino", "onnxruntime")


def load(name: str, graph: Graph) -> Runtime:
    return choose_runtime(name, graph, "full").runtime


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("name", RUNTIMES)
def test_a_file_of_every_layout_is_told_run_and_read(name: str, layout: Layout, tmp_path: Path) -> None:
    said = random_outputs(layout, 1, 5)
    model = load_model(str(save_model(tmp_path / "some.onnx", layout, said)))
    assert (model.task, len(model.classes)) == (layout.task, layout.classes)
    outputs = load(name, model.graph).infer(pictures(2, SIZE))
    for output, values in zip(outputs, said, strict=True):
        np.testing.assert_allclose(output, np.concatenate((values, values)), atol=1e-6)
    thresholds = np.full((2, layout.classes), 0.4, np.float32)
    raw = model.decode(outputs, SIZE, thresholds)
    boxes = [box.box for box in reference(layout, [np.concatenate((v, v)) for v in said], thresholds)]
    np.testing.assert_allclose(raw.boxes, boxes, atol=2e-3)
    assert len(boxes)


@pytest.mark.parametrize("name", RUNTIMES)
def test_pixels_are_normalised_and_transposed(name: str, tmp_path: Path) -> None:
    runtime = load(name, two_outputs(tmp_path / "two.onnx"))
    runtime.prepare(Size(6, 4))
    assert runtime.sizes == (Size(6, 4),)
    pixels = pictures(3)
    same, mean = runtime.infer(pixels)
    np.testing.assert_allclose(same, expected(pixels), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mean[..., 0, 0], expected(pixels).mean(axis=(2, 3)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", RUNTIMES)
@pytest.mark.parametrize("half", [False, True])
def test_an_open_batch_and_half_precision_files_run(name: str, half: bool, tmp_path: Path) -> None:
    layout = LAYOUTS[0]
    said = random_outputs(layout, 1, 5)
    model = load_model(str(save_model(tmp_path / "some.onnx", layout, said, dynamic=True, half=half)))
    assert model.graph.batch is None
    assert model.graph.dtype == ("float16" if half else "float32")
    (output,) = load(name, model.graph).infer(pictures(3, SIZE))
    assert output.shape == (3, 84, 126)
    np.testing.assert_allclose(output[2], said[0][0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", RUNTIMES)
def test_wrong_pixels_are_refused(name: str, tmp_path: Path) -> None:
    runtime = load(name, two_outputs(tmp_path / "two.onnx"))
    with pytest.raises(ValueError, match=r"wanted: uint8\[B, 4, 6, 3\]"):
        runtime.infer(np.zeros((1, 6, 4, 3), np.uint8))


@pytest.mark.parametrize("name", RUNTIMES)
def test_an_operation_that_is_unknown_is_one_readable_line(name: str, tmp_path: Path) -> None:
    graph = two_outputs(tmp_path / "odd.onnx", op="Idontexist")
    with pytest.raises(ModelError, match="Idontexist") as refusal:
        load(name, graph).prepare(graph.input.size)
    assert str(refusal.value).startswith(f"model {graph.file}: O")
    assert "\n" not in str(refusal.value)


def fails_when_run(path: Path) -> Graph:
    """As many numbers as the picture has that aren't 0 are put into a shape with room for others."""
    nodes = [
        helper.make_node("NonZero", ["images"], ["places"]),
        helper.make_node("Cast", ["places"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["numbers", "shape"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "odd",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIZE.height, SIZE.width])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 9, 126])],
        [numpy_helper.from_array(np.array([1, 9, 126], np.int64), "shape")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return load_model(str(path)).graph


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_graph_that_fails_only_when_it_is_run_is_one_readable_line(name: str, tmp_path: Path) -> None:
    graph = fails_when_run(tmp_path / "odd.onnx")
    with pytest.raises(ModelError, match="can't run it") as refusal:
        load(name, graph).prepare(graph.input.size)
    assert str(refusal.value).startswith(f"model {graph.file}: O")
    assert "\n" not in str(refusal.value)


def test_the_bundled_model_says_the_same_everywhere() -> None:
    graph = load_model("nanodet").graph
    pixels = pictures(1, graph.input.size)
    first, second = (load(name, graph).infer(pixels) for name in RUNTIMES)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-3)


def test_only_a_runtime_that_reshapes_takes_smaller_inputs_of_a_fixed_file() -> None:
    graph = load_model("nanodet").graph
    assert load("openvino", graph).step == 32
    fixed = load("onnxruntime", graph)
    assert fixed.step is None
    with pytest.raises(ValueError, match=r"wanted: uint8\[B, 416, 416, 3\]$"):
        fixed.infer(pictures(1, Size(416, 256)))


def quantised(path: Path) -> Path:
    """A detector whose only convolution is in 8 bits, with weights small enough not to saturate."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-60, 61, (9 * 126, 3, 1, 1), np.int8)

    def constant(name: str, value: object, dtype: type) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(value, dtype), name)

    nodes: list[Callable[[], None] | onnx.NodeProto] = [
        helper.make_node("QuantizeLinear", ["images", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["dq"]),
        helper.make_node("DequantizeLinear", ["w", "wscale", "wzero"], ["dw"]),
        helper.make_node("Conv", ["dq", "dw"], ["conv"]),
        helper.make_node("GlobalAveragePool", ["conv"], ["mean"]),
        helper.make_node("Reshape", ["mean", "shape"], ["output0"]),
    ]
    sides = [1, 3, SIZE.height, SIZE.width]
    graph = helper.make_graph(
        nodes,
        "quantised",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, sides)],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 9, 126])],
        [
            constant("scale", 1 / 255, np.float32),
            constant("zero", 0, np.uint8),
            constant("wscale", 0.01, np.float32),
            constant("wzero", 0, np.int8),
            numpy_helper.from_array(weights, "w"),
            numpy_helper.from_array(np.array([1, 9, 126], np.int64), "shape"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_models_in_8_bits_run_as_they_come(tmp_path: Path) -> None:
    model = load_model(str(quantised(tmp_path / "int8.onnx")))
    assert model.graph.quantised
    outputs = []
    for name in RUNTIMES:
        runtime = load(name, model.graph)
        outputs.append(runtime.infer(pictures(1, SIZE))[0])
        assert "INT8" in runtime.describe()
    np.testing.assert_allclose(outputs[0], outputs[1], atol=0.02)


def test_openvinos_own_format_is_read_with_its_metadata(tmp_path: Path) -> None:
    import openvino

    layout = next(layout for layout in LAYOUTS if layout.name == "oriented")
    model = openvino.Core().read_model(save_model(tmp_path / "some.onnx", layout))
    openvino.save_model(model, tmp_path / "own.xml", compress_to_fp16=False)
    own = load_model(str(tmp_path / "own.xml"))
    assert (own.task, own.classes[14]) == ("obb", "kind 14")
    assert load("auto", own.graph).infer(pictures(1, SIZE))[0].shape == (1, 20, 126)
    (tmp_path / "metadata.yaml").write_text("task: detect\nnames: {0: a}\n")
    with pytest.raises(ModelError, match="it has 16 classes, but its metadata names 1"):
        load_model(str(tmp_path / "own.xml"))
    with pytest.raises(ModelError, match=r"runtime onnxruntime runs \.onnx files"):
        load("onnxruntime", own.graph)


def test_the_choice_says_why_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = load_model("nanodet").graph
    assert choose_runtime("onnxruntime", graph).reason == "asked for"
    monkeypatch.setattr("camwire.runtimes.choose.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"onnxruntime is not installed; add it with: pip install 'camw"):
        choose_runtime("onnxruntime", graph)
    with pytest.raises(ModelError, match=r"no runtime can run it on the device 'cpu': runtime openvino"):
        choose_runtime("auto", graph)


def test_a_dynamic_file_is_fed_at_the_shape_of_the_pictures(tmp_path: Path) -> None:
    said = metadata("detect", 5, imgsz="[640, 640]")
    model = load_model(str(save_dynamic(tmp_path / "open.onnx", **said)))
    assert (model.graph.input.size, model.graph.step) == (Size(640, 640), 32)
    assert model.graph.outputs[0].shape == (1, 9, 8400)
    outputs = []
    for name in RUNTIMES:
        runtime = load(name, model.graph)
        spec = input_for(model.graph.input, runtime.step, [Size(1920, 1080)])
        assert spec.size == Size(640, 384)
        outputs.append(runtime.infer(pictures(2, spec.size))[0])
        assert runtime.sizes == (Size(640, 384),)
    assert outputs[0].shape == (2, 9, 5040)
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-4, atol=1e-5)
    asked = load_model(str(tmp_path / "open.onnx"), Overrides(size=Size(320, 256)))
    assert (asked.graph.input.size, asked.graph.outputs[0].shape) == (Size(320, 256), (1, 9, 1680))


def test_a_dynamic_file_needs_a_size_from_somewhere(tmp_path: Path) -> None:
    file = str(save_dynamic(tmp_path / "open.onnx"))
    with pytest.raises(ModelError, match=r"leaves the size open; give one as model.input_size"):
        load_model(file)
    assert load_model(file, Overrides(size=Size(64, 64))).classes[0] == "class 0"


def test_a_file_with_an_unknown_operation_is_one_readable_line_from_the_start(tmp_path: Path) -> None:
    graph = two_outputs(tmp_path / "odd.onnx", op="Idontexist")
    with pytest.raises(ModelError, match="operations that OpenVINO doesn't know: Idontexist") as refusal:
        load_model(str(graph.file))
    assert str(refusal.value).startswith(f"model {graph.file}: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_file_for_batches_of_four_takes_any_number(name: str, tmp_path: Path) -> None:
    shape = [4, 3, 4, 6]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["same"])],
        "four",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("same", TensorProto.FLOAT, shape)],
    )
    file = tmp_path / "four.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), file)
    one = two_outputs(tmp_path / "two.onnx")
    runtime = load(name, replace(one, file=file, batch=4, outputs=one.outputs[:1]))
    for count in (1, 4, 6):
        pixels = pictures(count)
        (same,) = runtime.infer(pixels)
        np.testing.assert_allclose(same, expected(pixels), rtol=1e-4, atol=1e-4)
