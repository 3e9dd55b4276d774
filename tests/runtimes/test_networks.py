"""What runs a model on a GPU, and what is said where nothing does."""

import sys
from pathlib import Path
from types import SimpleNamespace

import onnxruntime
import pytest

from camwire.models import ModelError, Overrides
from camwire.runtimes import choose as choosing
from camwire.runtimes import choose_runtime, networks, onnxruntime_providers
from camwire.runtimes.networks import choose_network, network_obstacle
from tests.models.files import save_model
from tests.models.layouts import LAYOUTS

NONE = Overrides()
UNTRANSLATED = {"odd.onnx": "not able to do NonZero"}


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
    # Which operators are translated takes PyTorch to say; tests/runtimes/translated asks the real one.
    translation = SimpleNamespace(obstacle=lambda file: UNTRANSLATED.get(file.name))
    monkeypatch.setitem(sys.modules, "camwire.runtimes.translated.network", translation)
    return packages


@pytest.mark.parametrize(
    ("file", "wanted", "said"),
    [
        (
            "a.xml",
            "auto",
            r"camwire runs \.onnx, \.torchscript, \.pt2 files; or export the model for PyTorch",
        ),
        (
            "a.pt2",
            "openvino",
            "runtime openvino doesn't run on the device 'cuda'; those that do: tensorrt, torch, onnxruntime",
        ),
        ("a.pt2", "tensorrt", r"runtime tensorrt runs \.onnx files"),
        ("a.pt2", "onnxruntime", r"runtime onnxruntime runs \.onnx files"),
        ("a.xml", "torch", r"runtime torch runs \.onnx, \.torchscript, \.pt2 files"),
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


def test_the_bundled_model_runs_like_any_onnx_file(installed: set[str]) -> None:
    assert network_obstacle("nanodet", "auto", NONE) is None
    installed.clear()
    assert "nanodet_g_416.onnx: no runtime can run it on the device 'cuda'" in str(
        network_obstacle("nanodet", "auto", NONE)
    )


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
        (
            {"torch", "onnxruntime-gpu"},
            "auto",
            "torch",
            "auto: what camwire[cuda] brings, with fused convolutions; runtime tensorrt is not installed",
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


def test_what_pytorch_cannot_do_the_next_runtime_does(installed: set[str]) -> None:
    installed.remove("tensorrt")
    name, reason = choosing.choose(Path("odd.onnx"), "auto", "cuda:0")
    assert name == "onnxruntime"
    assert reason.endswith("runtime torch is not able to do NonZero")
    with pytest.raises(
        ModelError, match=r"no runtime can run it .*: runtime torch is not able to do NonZero"
    ):
        choosing.choose(Path("odd.onnx"), "torch", "cuda:0")


def test_where_a_runtime_fails_on_a_file_the_next_one_is_tried(
    installed: set[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed.remove("tensorrt")
    tried: list[str] = []

    def load(name: str, *_: object, **__: object) -> str:
        tried.append(name)
        if name == "torch":
            raise ModelError("model a.onnx: PyTorch says something else than OpenVINO (40.0%)")
        return "a network"

    monkeypatch.setattr(networks, "_load", load)
    assert choose_network("a.onnx", "auto", NONE, 8).network == "a network"
    assert tried == ["torch", "onnxruntime"]
    assert "PyTorch says something else" in capsys.readouterr().out
    with pytest.raises(ModelError, match="says something else"):
        choose_network("a.onnx", "torch", NONE, 8)


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
