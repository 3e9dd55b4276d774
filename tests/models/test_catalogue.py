"""From a name in the configuration to a model, with real files."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from camwire.frames import Size
from camwire.models import ModelError, load_model
from camwire.models.catalogue import BUNDLED_FILE

pytestmark = pytest.mark.integration


def classifier(path: Path) -> Path:
    """A network with one image in and a thousand numbers out."""
    pixels = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 224, 224])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["logits"]),
    ]
    graph = helper.make_graph(nodes, "classifier", [pixels], [logits])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_the_bundled_model_goes_by_its_name_and_by_its_path() -> None:
    for name in ("nanodet", str(BUNDLED_FILE)):
        model = load_model(name)
        assert model.name == "NanoDet-g"
        assert model.graph.input.size == Size(416, 416)
        assert model.graph.input.channels == "BGR"
        assert [tensor.shape for tensor in model.graph.outputs] == [
            (1, cells, width) for width in (80, 44) for cells in (2704, 676, 169)
        ]


def test_a_missing_file_a_folder_and_another_format_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"x")
    for path, what in (
        (tmp_path / "none.onnx", "there is no such file"),
        (tmp_path, "is a folder, not a file"),
        (tmp_path / "weights.pt", r"ends in '\.pt'; accepted are ONNX files \(.onnx\)"),
    ):
        with pytest.raises(ModelError, match=what) as refusal:
            load_model(str(path))
        assert str(path) in str(refusal.value)


@pytest.mark.parametrize("kept", [0, 100, 100_000, 7_000_000])
def test_a_truncated_file_is_named(tmp_path: Path, kept: int) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(BUNDLED_FILE.read_bytes()[:kept])
    with pytest.raises(ModelError) as refusal:
        load_model(str(cut))
    assert str(refusal.value).startswith(f"model {cut}: ")
    assert "\n" not in str(refusal.value)


def test_a_classifier_is_refused_with_its_tensors(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Found: inputs image float32\[1, 3, 224, 224\]; outputs logits"):
        load_model(str(classifier(tmp_path / "classifier.onnx")))
