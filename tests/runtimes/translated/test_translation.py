"""Whole files in PyTorch say what OpenVINO says of them, of any number of pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

torch = pytest.importorskip("torch")

from camwire.models import ModelError, load_model  # noqa: E402
from camwire.models.contract import Graph  # noqa: E402
from camwire.runtimes.network import few_at_once, for_common_pictures  # noqa: E402
from camwire.runtimes.programs import Programs, difference  # noqa: E402
from camwire.runtimes.translated import checking  # noqa: E402
from camwire.runtimes.translated.network import lighter, most_at_once  # noqa: E402
from camwire.runtimes.translated.operators import OPERATORS, elementwise  # noqa: E402
from camwire.runtimes.translated.operators.contract import Operator, TranslationError  # noqa: E402
from camwire.runtimes.translated.program import read_program  # noqa: E402
from camwire.runtimes.translated.specialised import specialised  # noqa: E402
from camwire.runtimes.translated.translation import Translation  # noqa: E402
from tests.models.files import save_dynamic, save_model  # noqa: E402
from tests.models.layouts import LAYOUTS  # noqa: E402
from tests.models.small_yolo import save_small_yolo  # noqa: E402

pytestmark = pytest.mark.integration


def graph_of(file: Path) -> Graph:
    return for_common_pictures(load_model(str(file)).graph)


def translated(file: Path) -> tuple[Graph, Translation]:
    graph = graph_of(file)
    return graph, Translation(read_program(graph.file), graph, "cpu")


def images_for(graph: Graph, count: int) -> torch.Tensor:
    return (
        checking.pictures(graph).repeat(count, 1, 1, 1)[:count]
        * torch.linspace(0.5, 1, count)[:, None, None, None]
    )


def made_for_one(file: Path, count: int = 1) -> Path:
    """As exporters write files unless they are asked for an open batch: every shape is spelt out."""
    model = onnx.load(file)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = count
    shapes = onnx.shape_inference.infer_shapes(model, data_prop=True)
    known = {
        value.name: [side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in (*shapes.graph.value_info, *shapes.graph.output)
    }
    for node in model.graph.node:
        if node.op_type not in ("Reshape", "Resize") or not all(known.get(node.output[0], [0])):
            continue
        name = f"{node.output[0]}_shape"
        model.graph.initializer.append(
            numpy_helper.from_array(np.array(known[node.output[0]], np.int64), name)
        )
        told = [name] if node.op_type == "Reshape" else ["", "", name]
        del node.input[1:]
        node.input.extend(told)
    fixed = file.with_name(f"of_{count}_{file.name}")
    onnx.save(model, fixed)
    return fixed


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("dynamic", [False, True])
def test_files_of_every_layout(layout, dynamic: bool, tmp_path: Path) -> None:
    graph, exact = translated(save_model(tmp_path / "some.onnx", layout, dynamic=dynamic))
    assert most_at_once(graph, exact) is None


def test_the_bundled_model() -> None:
    graph, exact = translated(load_model("nanodet").graph.file)
    assert graph.batch == 1
    assert most_at_once(graph, exact) is None


@pytest.mark.parametrize("made_for", [None, 1, 2])
def test_a_detector_with_all_that_yolo11_has(made_for: int | None, tmp_path: Path) -> None:
    file = save_small_yolo(tmp_path / "small.onnx")
    if made_for:
        file = made_for_one(file, made_for)
    graph, exact = translated(file)
    assert graph.batch == made_for
    assert most_at_once(graph, exact) is None
    images = images_for(graph, 5)
    (together,) = exact.says(5)(images)
    alone = torch.cat([exact.says(1)(images[n : n + 1])[0] for n in range(5)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-3)


def test_a_size_that_the_file_leaves_open(tmp_path: Path) -> None:
    graph, exact = translated(save_dynamic(tmp_path / "open.onnx", imgsz="[640, 640]"))
    assert graph.input.size == (640, 384)
    assert most_at_once(graph, exact) is None


def test_half_precision_is_that_of_the_converted_file(tmp_path: Path) -> None:
    graph, exact = translated(save_small_yolo(tmp_path / "small.onnx"))
    half = lighter(graph, exact, None)
    assert (exact.dtype, half.dtype) == (torch.float32, torch.float16)
    images = images_for(graph, 2)
    program = Programs(half.says)
    (said,) = program(images.half())
    assert said.dtype is torch.float32
    assert difference(exact.says(2)(images)[0], said) < 0.01
    assert difference(half.says(2)(images)[0], said) == 0


def test_a_model_whose_numbers_half_precision_cannot_hold_runs_in_single(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = save_small_yolo(tmp_path / "loud.onnx")
    model = onnx.load(file)
    loud = next(one for one in model.graph.initializer if one.dims[2:] == [3, 3])
    loud.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(loud) * np.float32(1e5), loud.name))
    onnx.save(model, file)
    graph, exact = translated(file)
    assert lighter(graph, exact, most_at_once(graph, exact)) is exact
    assert "half precision would change what the model says" in capsys.readouterr().out


def test_what_is_worked_out_before_is_no_step(tmp_path: Path) -> None:
    """Shapes, constants and what follows from them."""
    nodes = [
        helper.make_node("Shape", ["images"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["count"]),
        helper.make_node("Concat", ["count", "rest"], ["flat"], axis=0),
        helper.make_node("Range", ["zero_dim", "three", "one"], ["steps"]),
        helper.make_node("Cast", ["steps"], ["offsets"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["offsets", "last"], ["column"]),
        helper.make_node("Reshape", ["images", "flat"], ["rows"]),
        helper.make_node("Add", ["rows", "column"], ["y"]),
        helper.make_node("Relu", ["y"], ["unused"]),
    ]
    constants = {"zero": [0], "rest": [3, -1], "zero_dim": 0, "three": 3, "one": 1, "last": [1]}
    graph = helper.make_graph(
        nodes,
        "worked out",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in constants.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        tmp_path / "w.onnx",
    )
    steps = specialised(read_program(tmp_path / "w.onnx"), ["y"], (2, 3, 4, 5))
    assert [step.node.operator for step in steps.steps] == ["Reshape", "Add"]
    assert steps.steps[0].inputs[1] == [2, 3, -1]
    assert steps.shapes == ((2, 3, 20),)
    (said,) = steps(torch.zeros(2, 3, 4, 5))
    torch.testing.assert_close(said[1, :, 7], torch.tensor([0.0, 1.0, 2.0]))


def mixing(path: Path) -> Path:
    """A file made for two pictures, each of which sees the other: more at once would be something else."""
    nodes = [
        helper.make_node("AveragePool", ["images"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("ReduceMean", ["cells"], ["all"], axes=[0], keepdims=1),
        helper.make_node("Concat", ["cells", "cells", "cells"], ["nine"], axis=1),
        helper.make_node("Add", ["nine", "all3"], ["y"]),
        helper.make_node("Reshape", ["y", "flat"], ["output0"]),
    ]
    nodes.insert(3, helper.make_node("Concat", ["all", "all", "all"], ["all3"], axis=1))
    graph = helper.make_graph(
        nodes,
        "mixing",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 9, 64])],
        [numpy_helper.from_array(np.array([1, 9, 64], np.int64), "flat")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_pictures_that_would_see_each_other_go_one_by_one(tmp_path: Path) -> None:
    graph = replace(
        graph_of(save_small_yolo(tmp_path / "small.onnx", 64, 64)), file=mixing(tmp_path / "m.onnx"), batch=1
    )
    exact = Translation(read_program(graph.file), graph, "cpu")
    assert exact.takes(2)
    assert most_at_once(graph, exact) == 1
    images = images_for(graph, 3)
    (parts,) = few_at_once(exact.says(1), 1)(images)
    (alone,) = exact.says(1)(images[2:])
    torch.testing.assert_close(parts[2:], alone)


def test_a_translation_that_says_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Operator(lambda node, x: elementwise.swish(node, x) * 1.2)
    monkeypatch.setitem(OPERATORS, "Swish", wrong)  # type: ignore[arg-type]
    graph, exact = translated(save_small_yolo(tmp_path / "small.onnx"))
    with pytest.raises(
        ModelError, match=r"small\.onnx: PyTorch says something else than OpenVINO \(\d.*%\); run it with"
    ):
        most_at_once(graph, exact)


def test_what_is_not_done_says_which_node_asks_for_it(tmp_path: Path) -> None:
    file = save_small_yolo(tmp_path / "small.onnx")
    graph = graph_of(file)
    model = onnx.load(file)
    resize = next(node for node in model.graph.node if node.op_type == "Resize")
    resize.attribute.append(helper.make_attribute("coordinate_transformation_mode", "tf_crop_and_resize"))
    onnx.save(model, file)
    with pytest.raises(
        ModelError, match=r"small\.onnx: PyTorch can't run Resize .*tf_crop_and_resize.*\(the node that"
    ):
        Translation(read_program(file), graph, "cpu")


def test_what_depends_on_what_is_seen_is_refused(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["number"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["number", "zero"], ["shape"]),
        helper.make_node("Expand", ["images", "shape"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "seen",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array([0], np.int64), "zero")],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        tmp_path / "s.onnx",
    )
    with pytest.raises(TranslationError, match="Expand that depends on what is seen"):
        specialised(read_program(tmp_path / "s.onnx"), ["y"], (1, 3, 8, 8))
