"""What runs a model on a GPU, and what is said where nothing does."""

from pathlib import Path

import onnxruntime
import pytest

from camwire.models import ModelError, Overrides
from camwire.runtimes import choose as choosing
from camwire.runtimes import choose_runtime, onnxruntime_providers
from camwire.runtimes.networks import choose_network, network_obstacle
from tests.models.files import save_model
from tests.models.layouts import LAYOUTS

NONE = Overrides()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What is installed; `onnxruntime-gpu` for an ONNX Runtime that knows GPUs."""
    packages = {"torch", "tensorrt", "onnxruntime-gpu"}
    monkeypatch.setattr(choosing, "find_spec", lambda name: name in packages or None)
    monkeypatch.setattr(onnxruntime_providers, "find_spec", lambda name: True)
    monkeypatch.setattr(
        onnxruntime,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider"] if "onnxruntime-gpu" in packages else ["CPUExecutionProvider"],
    )
    return packages


@pytest.mark.parametrize(
    ("file", "wanted", "said"),
    [
        ("nanodet", "auto", "runs on CPUs only"),
        (
            "a.xml",
            "auto",
            r"camwire runs \.onnx, \.torchscript, \.pt2 files; or export the model for PyTorch",
        ),
        (
            "a.pt2",
            "openvino",
            "runtime openvino doesn't run on the device 'cuda'; those that do: tensorrt, onnxruntime, torch",
        ),
        ("a.pt2", "tensorrt", r"runtime tensorrt runs \.onnx files"),
        ("a.pt2", "onnxruntime", r"runtime onnxruntime runs \.onnx files"),
        ("a.onnx", "torch", r"runtime torch runs \.torchscript, \.pt2 files"),
        (
            "a.onnx",
            "tensorflow",
            "no runtime is called 'tensorflow'; known: auto, openvino, onnxruntime, tens",
        ),
    ],
)
def test_what_cannot_run_on_gpus_says_what_can(
    installed: set[str], file: str, wanted: str, said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        choose_network(file, wanted, NONE, 8)
    assert network_obstacle(file, wanted, NONE)


def test_what_is_not_installed_is_named_with_the_line_that_adds_it(installed: set[str]) -> None:
    installed.clear()
    assert "runtime torch is not installed; add it with: pip install 'camwire[cuda]'" in str(
        network_obstacle("a.pt2", "auto", NONE)
    )
    missing = str(network_obstacle("a.onnx", "auto", NONE))
    assert "runtime tensorrt is not installed; add it with: pip install tensorrt-cu13; " in missing
    assert (
        "runtime onnxruntime is here without its CUDA provider; for that install onnxruntime-gpu" in missing
    )
    assert "or export the model for PyTorch" in missing


@pytest.mark.parametrize(
    ("here", "wanted", "name", "why"),
    [
        ({"tensorrt", "onnxruntime-gpu"}, "auto", "tensorrt", "auto: the fastest for ONNX files on GPUs"),
        (
            {"onnxruntime-gpu"},
            "auto",
            "onnxruntime",
            "auto: it runs ONNX files on GPUs; runtime tensorrt is not installed; add it with: pip in",
        ),
        ({"tensorrt", "onnxruntime-gpu"}, "onnxruntime", "onnxruntime", "asked for"),
    ],
)
def test_of_what_is_installed_the_fastest_runs_an_onnx_file(
    installed: set[str], here: set[str], wanted: str, name: str, why: str
) -> None:
    installed.clear()
    installed |= here
    chosen, reason = choosing.choose(Path("a.ONNX"), wanted, "cuda:1")
    assert chosen == name
    assert reason.startswith(why)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.integration
def test_onnx_files_of_every_layout_run_on_gpus(installed: set[str], tmp_path: Path, layout) -> None:
    assert network_obstacle(str(save_model(tmp_path / "some.onnx", layout)), "auto", NONE) is None


def test_a_file_for_pytorch_runs_on_gpus(installed: set[str]) -> None:
    assert network_obstacle("a.torchscript", "auto", NONE) is None
    assert network_obstacle("A.PT2", "torch", NONE) is None


@pytest.mark.integration
def test_runtimes_for_gpus_are_refused_on_a_cpu(tmp_path: Path) -> None:
    from camwire.models import load_model

    with pytest.raises(
        ModelError,
        match="runtime torch doesn't run on the device 'cpu'; those that do: openvino, onnxruntime",
    ):
        choose_runtime("torch", load_model("nanodet").graph)
