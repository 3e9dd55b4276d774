"""What is read of an ONNX file."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

torch = pytest.importorskip("torch")

from camwire.models import ModelError  # noqa: E402
from camwire.runtimes.translated.network import obstacle  # noqa: E402
from camwire.runtimes.translated.program import Node, operators_in, read_program, with_swish  # noqa: E402
from tests.models.small_yolo import save_small_yolo  # noqa: E402


def node(operator: str, inputs: str, output: str) -> Node:
    return Node(operator, tuple(inputs.split()), (output,), {}, 13)


def saved(path: Path, *nodes: onnx.NodeProto, inputs: int = 1) -> Path:
    def tensor(name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8])

    fed = [tensor(f"in{number}") for number in range(inputs)]
    graph = helper.make_graph(list(nodes), "some", fed, [tensor(nodes[-1].output[0])])
    domains = [helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=8), path)
    return path


def test_a_number_times_its_sigmoid_becomes_one_operation() -> None:
    merged = with_swish([node("Sigmoid", "x", "s"), node("Mul", "s x", "y"), node("Relu", "y", "z")], {"z"})
    assert [(one.operator, one.inputs, one.outputs) for one in merged] == [
        ("Swish", ("x",), ("y",)),
        ("Relu", ("y",), ("z",)),
    ]


@pytest.mark.parametrize(
    ("nodes", "kept"),
    [
        ([node("Sigmoid", "x", "s"), node("Mul", "x s", "y"), node("Relu", "s", "z")], {"y"}),
        ([node("Sigmoid", "x", "s"), node("Mul", "x s", "y")], {"y", "s"}),
        ([node("Sigmoid", "x", "s"), node("Mul", "other s", "y")], {"y"}),
        ([node("Sigmoid", "x", "s"), node("Add", "x s", "y")], {"y"}),
        ([node("Sigmoid", "x", "s"), node("Mul", "s s", "y")], {"y"}),
    ],
    ids=["used twice", "wanted itself", "another number", "another operation", "its square"],
)
def test_any_other_sigmoid_stays(nodes: list[Node], kept: set[str]) -> None:
    assert with_swish(nodes, kept) == tuple(nodes)


def test_a_files_operators_are_named_with_their_domain(tmp_path: Path) -> None:
    file = saved(
        tmp_path / "a.onnx",
        helper.make_node("Relu", ["in0"], ["x"]),
        helper.make_node("FusedConv", ["x"], ["y"], domain="com.microsoft"),
        helper.make_node("NonZero", ["y"], ["z"]),
    )
    assert operators_in(file) == {"Relu", "com.microsoft.FusedConv", "NonZero"}
    assert obstacle(file) == "not able to do NonZero, com.microsoft.FusedConv"
    assert obstacle(save_small_yolo(tmp_path / "b.onnx")) is None


def test_what_cannot_be_read_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"model .*none\.onnx: this is no readable ONNX file \(.*No such file"
    ):
        operators_in(tmp_path / "none.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\xff\xff no model")
    with pytest.raises(ModelError, match=r"broken\.onnx: this is no readable ONNX file"):
        read_program(broken)
    two = saved(tmp_path / "two.onnx", helper.make_node("Add", ["in0", "in1"], ["y"]), inputs=2)
    with pytest.raises(ModelError, match="it has 2 inputs where a detector has one"):
        read_program(two)
