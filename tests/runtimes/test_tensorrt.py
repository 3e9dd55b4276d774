"""Building engines, with TensorRT for RTX, which builds them on machines without a GPU."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from camwire.models import Graph, ModelError, load_model
from camwire.runtimes import tensorrt
from tests.models.files import save_model
from tests.models.layouts import LAYOUTS
from tests.models.small_yolo import save_small_yolo
from tests.runtimes.test_openvino import two_outputs

pytestmark = pytest.mark.integration

GPU = "NVIDIA L4 (8.9)"


@pytest.fixture(scope="module")
def trt() -> Any:
    if importlib.util.find_spec("tensorrt_rtx") is None:
        pytest.skip("TensorRT for RTX is not installed; add it with: pip install tensorrt-rtx-cu13")
    import tensorrt_rtx

    return tensorrt_rtx


@pytest.fixture
def fixed(tmp_path: Path) -> Graph:
    return load_model(str(save_model(tmp_path / "some.onnx", LAYOUTS[0]))).graph


def test_the_bundled_model_is_built_and_progress_is_told(trt: Any) -> None:
    progress: list[str] = []
    engine = tensorrt.build(trt, load_model("nanodet").graph, 1, half=True, report=progress.append)
    assert len(engine) > 1_000_000
    assert progress
    assert all(" of " in line for line in progress)


def test_an_open_batch_gets_a_range(trt: Any, tmp_path: Path) -> None:
    graph = load_model(str(save_model(tmp_path / "some.onnx", LAYOUTS[0], dynamic=True))).graph
    assert len(tensorrt.build(trt, graph, 8, half=False)) > 1000


def test_what_cannot_be_built_is_one_readable_line(trt: Any, tmp_path: Path) -> None:
    graph = two_outputs(tmp_path / "odd.onnx", op="Idontexist")
    with pytest.raises(ModelError, match="can't build an engine") as refusal:
        tensorrt.build(trt, graph, 1, half=False)
    assert str(refusal.value).startswith(f"model {graph.file}: tensorrt_rtx ")
    assert "Idontexist" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_second_engine_comes_out_of_the_cache_and_a_change_is_named(
    trt: Any, fixed: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorrt, "PACKAGES", ("tensorrt_rtx",))
    folder = tmp_path / "engines"
    first = tensorrt.engine_for(fixed, 1, GPU, half=False, folder=folder)
    with capture_logs() as logs:
        assert tensorrt.engine_for(fixed, 1, GPU, half=False, folder=folder) == first
    assert not logs
    with capture_logs() as logs:
        tensorrt.engine_for(fixed, 1, "NVIDIA A10 (8.6)", half=False, folder=folder)
    assert logs[0]["because"] == "gpu was NVIDIA L4 (8.9) and is NVIDIA A10 (8.6)"


def test_half_precision_comes_from_converted_types(trt: Any, tmp_path: Path) -> None:
    graph = load_model(str(save_small_yolo(tmp_path / "small.onnx"))).graph
    single, half = (tensorrt.build(trt, graph, 8, half=half) for half in (False, True))
    assert len(half) < len(single)


def test_the_key_says_what_was_converted(
    trt: Any, fixed: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorrt, "PACKAGES", ("tensorrt_rtx",))
    folder = tmp_path / "engines"
    tensorrt.engine_for(fixed, 1, GPU, half=False, folder=folder)
    with capture_logs() as logs:
        tensorrt.engine_for(fixed, 1, GPU, half=True, folder=folder)
    assert logs[0]["because"] == "precision was as the file: float32 and is FP16, converted"


def test_without_tensorrt_the_error_names_the_package(fixed: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorrt, "PACKAGES", ("no_such_package",))
    with pytest.raises(ModelError, match="tensorrt is not installed; add it with: pip install tensorrt-cu13"):
        tensorrt.engine_for(fixed, 1, GPU, half=True)
