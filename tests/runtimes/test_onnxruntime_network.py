"""ONNX Runtime fed and read by address, as on a GPU; here the addresses are NumPy's and the provider is the
CPU's. What a GPU alone can show is in tests/gpu/test_onnxruntime.py."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from camwire.models import ModelError, load_model
from camwire.runtimes import onnxruntime_providers
from camwire.runtimes.network import for_common_pictures
from camwire.runtimes.onnxruntime_network import BoundSession, Memory, open_session
from tests.models.files import save_dynamic, save_model
from tests.models.layouts import LAYOUTS, SIZE, random_outputs

ON_CPU = [("CPUExecutionProvider", {})]


def memory(array: np.ndarray) -> Memory:
    assert array.flags.c_contiguous
    return Memory(array.ctypes.data, array.shape)


@pytest.fixture(scope="module", params=["float32", "float16"])
def twice(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """x [B, 3, H, W] → its mean [B, 3], x + x; two outputs of two shapes, any batch and size."""
    kind = getattr(TensorProto, "FLOAT" if request.param == "float32" else "FLOAT16")
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"]),
        helper.make_node("Add", ["x", "x"], ["sum"]),
    ]
    picture = ["batch", 3, "height", "width"]
    graph = helper.make_graph(
        nodes,
        "twice",
        [helper.make_tensor_value_info("x", kind, picture)],
        [
            helper.make_tensor_value_info("mean", kind, ["batch", 3]),
            helper.make_tensor_value_info("sum", kind, picture),
        ],
    )
    file = tmp_path_factory.mktemp("twice") / f"{request.param}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), file)
    return file


@pytest.mark.integration
def test_outputs_are_written_where_their_addresses_say_batch_after_batch(twice: Path) -> None:
    session = BoundSession(open_session(twice, ON_CPU), ["sum", "mean"], "cpu")
    assert {session.input_type, *session.output_types} == {twice.stem}

    @settings(max_examples=25)
    @given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
    def holds(batch: int, height: int, width: int, seed: int) -> None:
        fed = np.random.default_rng(seed).uniform(-1, 1, (batch, 3, height, width)).astype(twice.stem)
        # A row more than is wanted, to see that nothing is written behind the end.
        both = np.full((batch + 1, 3, height, width), 7, twice.stem)
        mean = np.full((batch + 1, 3), 7, twice.stem)
        session.run(memory(fed), [memory(both[:batch]), memory(mean[:batch])])
        np.testing.assert_array_equal(both[:batch], fed + fed)
        near = 1e-6 if twice.stem == "float32" else 2e-3
        np.testing.assert_allclose(mean[:batch], fed.astype(np.float64).mean((2, 3)), atol=near)
        assert (both[batch:] == 7).all()
        assert (mean[batch:] == 7).all()

    holds()


@pytest.mark.integration
@pytest.mark.parametrize("dynamic", [False, True])
def test_a_detectors_file_gives_the_same_by_address_as_by_value(dynamic: bool, tmp_path: Path) -> None:
    said = random_outputs(LAYOUTS[0], 1, 3)
    model = load_model(str(save_model(tmp_path / "some.onnx", LAYOUTS[0], said, dynamic=dynamic)))
    names = [tensor.name for tensor in model.graph.outputs]
    session = BoundSession(open_session(model.graph.file, ON_CPU), names, "cpu")
    count = 3 if dynamic else 1
    fed = np.zeros((count, 3, SIZE.height, SIZE.width), np.float32)
    output = np.empty((count, *model.graph.outputs[0].shape[1:]), np.float32)
    session.run(memory(fed), [memory(output)])
    np.testing.assert_array_equal(output, np.repeat(said[0], count, 0))


@pytest.mark.integration
def test_outputs_of_an_open_file_have_the_shapes_that_follow_from_the_input_it_is_run_at(
    tmp_path: Path,
) -> None:
    model = load_model(str(save_dynamic(tmp_path / "open.onnx", imgsz="[640, 640]")))
    graph = for_common_pictures(model.graph)
    assert (graph.input.size, model.graph.outputs[0].shape[2]) == ((640, 384), 8400)
    session = BoundSession(open_session(graph.file, ON_CPU), ["output0"], "cpu")
    fed = np.ones((2, 3, 384, 640), np.float32)
    output = np.full((2, *graph.outputs[0].shape[1:]), np.nan, np.float32)
    session.run(memory(fed), [memory(output)])
    assert output.shape == (2, 9, 5040)
    assert np.isfinite(output).all()


@pytest.mark.integration
def test_what_cannot_be_run_is_one_readable_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x08\x07nonsense")
    with pytest.raises(ModelError, match=r"^model .*broken\.onnx: ONNX Runtime can't run it \("):
        open_session(broken, ON_CPU)


def test_a_provider_that_did_not_come_is_an_error_that_names_package_and_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = onnxruntime_providers.CUDA
    onnxruntime_providers.require(wanted, [wanted, "CPUExecutionProvider"], Path("a.onnx"))
    missing = "libcublasLt.so.13: cannot open shared object file"
    monkeypatch.setattr(onnxruntime_providers, "_missing_library", lambda provider: missing)
    with pytest.raises(ModelError) as refusal:
        onnxruntime_providers.require(wanted, ["CPUExecutionProvider"], Path("a.onnx"))
    said = str(refusal.value)
    assert "can't use its CUDAExecutionProvider and would run on the CPU" in said
    assert missing in said
    assert "pip install 'onnxruntime-gpu[cuda,cudnn]'" in said


def test_the_library_that_the_linker_misses_is_named() -> None:
    """The CPU's package has no such library at all, which is the plainest case of a missing one."""
    if onnxruntime_providers.CUDA in onnxruntime.get_available_providers():
        pytest.skip("onnxruntime-gpu is here; tests/gpu looks at it")
    assert "libonnxruntime_providers_cuda.so" in str(
        onnxruntime_providers._missing_library(onnxruntime_providers.CUDA)
    )


@pytest.mark.parametrize(
    ("available", "said"),
    [
        (
            ["CPUExecutionProvider"],
            "without its CUDA provider; for that install onnxruntime-gpu in its place",
        ),
        (["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"], None),
    ],
)
def test_the_cpus_package_cannot_use_gpus_and_says_which_can(
    monkeypatch: pytest.MonkeyPatch, available: list[str], said: str | None
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: available)
    obstacle = onnxruntime_providers.obstacle()
    assert obstacle is None if said is None else said in str(obstacle)


def test_without_onnxruntime_the_package_for_gpus_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime_providers, "find_spec", lambda name: None)
    assert onnxruntime_providers.obstacle() == "not installed; add it with: pip install onnxruntime-gpu"


@pytest.mark.parametrize(("version", "fits"), [("10.9.0.34", True), ("11.0.0", False), (None, False)])
def test_tensorrts_provider_wants_tensorrt_10(
    monkeypatch: pytest.MonkeyPatch, version: str | None, fits: bool
) -> None:
    module = None if version is None else SimpleNamespace(__version__=version)
    monkeypatch.setitem(sys.modules, "tensorrt", module)
    assert onnxruntime_providers.has_tensorrt() is fits


def test_providers_are_asked_for_as_onnx_runtime_documents_them() -> None:
    """Keys and forms of its pages on the CUDA and the TensorRT execution provider."""
    place = {"device_id": "1", "user_compute_stream": "94368"}
    assert onnxruntime_providers.providers(1, 94368) == [("CUDAExecutionProvider", place)]
    options = onnxruntime_providers.tensorrt_options(
        Path("engines"), half=True, shapes=("images", "1x3x384x640", "32x3x384x640")
    )
    assert options == {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": "engines",
        "trt_fp16_enable": "1",
        "trt_profile_min_shapes": "images:1x3x384x640",
        "trt_profile_opt_shapes": "images:32x3x384x640",
        "trt_profile_max_shapes": "images:32x3x384x640",
    }
    assert onnxruntime_providers.providers(0, 5, {"trt_fp16_enable": "0"}) == [
        (
            "TensorrtExecutionProvider",
            {"device_id": "0", "user_compute_stream": "5", "trt_fp16_enable": "0"},
        ),
        ("CUDAExecutionProvider", {"device_id": "0", "user_compute_stream": "5"}),
    ]
    # The names are ONNX Runtime's own.
    assert {onnxruntime_providers.CUDA, onnxruntime_providers.TENSORRT} <= set(
        onnxruntime.get_all_providers()
    )
