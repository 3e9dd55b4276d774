"""Networks on GPUs: what ``choose`` has chosen, loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from camwire.config.detection import BUNDLED_MODEL
from camwire.models import Overrides, load_model
from camwire.models.contract import ModelError
from camwire.runtimes.choose import choose
from camwire.runtimes.network import Network


@dataclass(frozen=True, slots=True)
class NetworkChoice:
    """A network on the GPU, and why it runs on this, in words."""

    network: Network
    reason: str


def choose_network(
    file: str, wanted: str, overrides: Overrides, batch: int, *, full_precision: bool = False
) -> NetworkChoice:
    """Load the model in ``file`` onto the current GPU, for 1 to ``batch`` frames.

    ``wanted``: a runtime, or `auto`. Building a TensorRT engine takes minutes; it is kept. Raises ModelError
    when no runtime here runs the file on a GPU, which says what would.
    """
    name, reason = _chosen(file, wanted)
    return NetworkChoice(_load(name, file, overrides, batch, half=not full_precision), reason)


def network_obstacle(file: str, wanted: str, overrides: Overrides) -> str | None:
    """Why the model can't run on a GPU here, and what would help; None when it can. Nothing is put on one."""
    try:
        name, _ = _chosen(file, wanted)
        if name != "torch":
            load_model(file, overrides)
    except ModelError as error:
        return str(error)
    return None


def _chosen(file: str, wanted: str) -> tuple[str, str]:
    if file == BUNDLED_MODEL:
        raise ModelError(
            f"model {file}, which comes with camwire, runs on CPUs only; on GPUs run YOLO11 or YOLOv8"
        )
    return choose(Path(file), wanted, "cuda")


def _load(name: str, file: str, overrides: Overrides, batch: int, *, half: bool) -> Network:
    if name == "torch":
        from camwire.runtimes.torch import load_network

        return load_network(Path(file), overrides, full_precision=not half)
    model = load_model(file, overrides)
    if name == "tensorrt":
        from camwire.runtimes.tensorrt_network import tensorrt_network

        return tensorrt_network(model, batch, half=half)
    from camwire.runtimes.onnxruntime_network import onnxruntime_network

    return onnxruntime_network(model, batch, half=half)
