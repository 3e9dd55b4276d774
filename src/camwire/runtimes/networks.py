"""The one place that chooses what runs a model on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from camwire.config.detection import BUNDLED_MODEL
from camwire.models import Overrides, load_model
from camwire.models.contract import Model, ModelError
from camwire.models.yolo import Yolo
from camwire.runtimes import tensorrt
from camwire.runtimes.network import Network

TORCH_FILES = (".torchscript", ".pt2")
ONNX_FILES = (".onnx",)
EXPORT = "export the model for PyTorch (.torchscript, or .pt2 by torch.export)"


@dataclass(frozen=True, slots=True)
class NetworkChoice:
    """A network on the GPU, and why it runs on this, in words."""

    network: Network
    reason: str


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to run a file on a GPU."""

    packages: tuple[str, ...]
    """One of which has to be importable."""
    install: str
    files: tuple[str, ...]
    load: Callable[[Path, Overrides, int, bool], Network]


def _torch(file: Path, overrides: Overrides, _batch: int, full_precision: bool) -> Network:
    from camwire.runtimes.torch import load_network

    return load_network(file, overrides, full_precision=full_precision)


def _tensorrt(file: Path, overrides: Overrides, batch: int, full_precision: bool) -> Network:
    from camwire.runtimes.tensorrt_network import tensorrt_network

    return tensorrt_network(load_model(str(file), overrides), batch, half=not full_precision)


WAYS: dict[str, _Way] = {
    "tensorrt": _Way(tensorrt.PACKAGES, tensorrt.INSTALL, ONNX_FILES, _tensorrt),
    "torch": _Way(("torch",), "pip install 'camwire[cuda]'", TORCH_FILES, _torch),
}
"""By name, the fastest first."""


def choose_network(
    file: str, wanted: str, overrides: Overrides, batch: int, *, full_precision: bool = False
) -> NetworkChoice:
    """Load the model in ``file`` onto the current GPU, for 1 to ``batch`` frames.

    ``wanted``: a runtime, or `auto`. Building a TensorRT engine takes minutes; it is kept. Raises ModelError
    when no runtime here runs the file on a GPU, which says what would.
    """
    name, reason = _way(file, wanted, overrides)
    network = WAYS[name].load(Path(file), overrides, batch, full_precision)
    return NetworkChoice(network, reason)


def network_obstacle(file: str, wanted: str, overrides: Overrides) -> str | None:
    """Why the model can't run on a GPU here, and what would help; None when it can. Nothing is loaded."""
    try:
        _way(file, wanted, overrides)
    except ModelError as error:
        return str(error)
    return None


def _way(file: str, wanted: str, overrides: Overrides) -> tuple[str, str]:
    """A name in ``WAYS``, and why it is that one. Raises ModelError."""
    if file == BUNDLED_MODEL:
        raise ModelError(
            f"model {file}, which comes with camwire, runs on CPUs only; on GPUs run YOLO11 or YOLOv8"
        )
    if wanted != "auto" and wanted not in WAYS:
        raise ModelError(
            f"model {file}: runtime {wanted} doesn't run on GPUs; those that do: {', '.join(WAYS)}"
        )
    suffix = Path(file).suffix.lower()
    fitting = [name for name, way in WAYS.items() if suffix in way.files]
    if not fitting:
        known = ", ".join(suffix for way in WAYS.values() for suffix in way.files)
        raise ModelError(f"model {file}: GPUs run {known} files; {EXPORT}")
    name = wanted if wanted in WAYS else fitting[0]
    if suffix not in WAYS[name].files:
        raise ModelError(f"model {file}: runtime {name} runs {', '.join(WAYS[name].files)} files")
    if not any(find_spec(package) for package in WAYS[name].packages):
        other = f", or {EXPORT}" if name == "tensorrt" else ""
        raise ModelError(
            f"model {file}: runtime {name} is not installed; add it with: {WAYS[name].install}{other}"
        )
    if suffix in ONNX_FILES:
        require_readable(load_model(file, overrides))
    return name, "asked for" if wanted != "auto" else f"auto: it runs {suffix} files on GPUs"


def require_readable(model: Model) -> None:
    """Raises ModelError for a model whose output the GPU's kernels can't read."""
    graph = model.graph
    if not isinstance(model, Yolo) or model.task != "detect" or model.anchors_first or graph.layout != "NCHW":
        raise ModelError(
            f"model {graph.file}: on GPUs camwire reads detectors with the output [B, 4+C, A]; "
            f"this is: {model.reading}. On a CPU it runs: device: cpu"
        )
