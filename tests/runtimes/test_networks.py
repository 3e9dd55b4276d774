"""What runs a model on a GPU, and what is said where nothing does."""

from pathlib import Path

import pytest

from camwire.models import ModelError, Overrides
from camwire.runtimes import choose_runtime, networks
from camwire.runtimes.networks import choose_network, network_obstacle
from tests.models.files import save_model
from tests.models.layouts import LAYOUTS

NONE = Overrides()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    packages = {"torch", "tensorrt"}
    monkeypatch.setattr(networks, "find_spec", lambda name: name in packages or None)
    return packages


@pytest.mark.parametrize(
    ("file", "wanted", "said"),
    [
        ("nanodet", "auto", "runs on CPUs only"),
        ("a.xml", "auto", r"GPUs run \.onnx, \.torchscript, \.pt2 files; export the model for PyTorch"),
        ("a.pt2", "openvino", "runtime openvino doesn't run on GPUs; those that do: tensorrt, torch"),
        ("a.pt2", "tensorrt", r"runtime tensorrt runs \.onnx files"),
        ("a.onnx", "torch", r"runtime torch runs \.torchscript, \.pt2 files"),
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
    missing = network_obstacle("a.onnx", "auto", NONE)
    assert "tensorrt is not installed; add it with: pip install tensorrt-cu13, or export the model" in str(
        missing
    )


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.integration
def test_of_onnx_files_those_run_whose_output_the_kernels_read(
    installed: set[str], tmp_path: Path, layout
) -> None:
    file = save_model(tmp_path / "some.onnx", layout)
    obstacle = network_obstacle(str(file), "auto", NONE)
    if layout.name in ("detect", "detect, 5 classes"):
        assert obstacle is None
    elif obstacle is not None:
        assert "on GPUs camwire reads detectors with the output [B, 4+C, A]" in obstacle
        assert "On a CPU it runs" in obstacle


def test_a_file_for_pytorch_runs_on_gpus(installed: set[str]) -> None:
    assert network_obstacle("a.torchscript", "auto", NONE) is None
    assert network_obstacle("A.PT2", "torch", NONE) is None


@pytest.mark.integration
def test_runtimes_for_gpus_are_refused_on_a_cpu(tmp_path: Path) -> None:
    from camwire.models import load_model

    with pytest.raises(ModelError, match="runtime torch runs on GPUs only; the device is 'cpu'"):
        choose_runtime("torch", load_model("nanodet").graph, "cpu")
