"""Networks on GPUs: what ``choose`` has chosen, loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog

from camwire.models import Overrides, file_of, load_model
from camwire.models.contract import ModelError
from camwire.runtimes.choose import choices
from camwire.runtimes.network import Network

log = structlog.get_logger()


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
    possible = choices(file_of(file), wanted, "cuda")
    while True:
        name, reason = possible.pop(0)
        try:
            return NetworkChoice(_load(name, file, overrides, batch, half=not full_precision), reason)
        except ModelError as error:
            if not possible:
                raise
            log.warning("the model can't run so; the next runtime is tried", runtime=name, because=str(error))


def network_obstacle(file: str, wanted: str, overrides: Overrides) -> str | None:
    """Why the model can't run on a GPU here, and what would help; None when it can. Nothing is put on one."""
    try:
        choices(file_of(file), wanted, "cuda")
        if not _is_program(file):
            load_model(file, overrides)
    except ModelError as error:
        return str(error)
    return None


def _is_program(file: str) -> bool:
    """Whether PyTorch alone reads it."""
    return Path(file).suffix.lower() in (".torchscript", ".pt2")


def _load(name: str, file: str, overrides: Overrides, batch: int, *, half: bool) -> Network:
    if _is_program(file):
        from camwire.runtimes.torch import load_network

        return load_network(Path(file), overrides, batch, full_precision=not half)
    model = load_model(file, overrides)
    if name == "torch":
        from camwire.runtimes.translated.network import translated_network

        return translated_network(model, half=half)
    if name == "tensorrt":
        from camwire.runtimes.tensorrt_network import tensorrt_network

        return tensorrt_network(model, batch, half=half)
    from camwire.runtimes.onnxruntime_network import onnxruntime_network

    return onnxruntime_network(model, batch, half=half)
