"""ONNX Runtime's execution providers on NVIDIA GPUs: which there are, what they are told, whether they came.

CUDA's runs every ONNX file; TensorRT's runs the parts that TensorRT 10 can, leaving the rest to CUDA's.
Options: onnxruntime.ai/docs/execution-providers, CUDA-ExecutionProvider and TensorRT-ExecutionProvider.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from camwire.models.contract import ModelError

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
INSTALL = "pip uninstall onnxruntime; pip install onnxruntime-gpu"
"""Both packages hold the same module, so that one hides the other."""

Provider = tuple[str, dict[str, str]]


def obstacle() -> str | None:
    """Why ONNX Runtime can't use GPUs here, and what would help; None when nothing is known."""
    if find_spec("onnxruntime") is None:
        return "not installed; add it with: pip install onnxruntime-gpu"
    import onnxruntime  # type: ignore[import-untyped, import-not-found, unused-ignore]

    if CUDA not in onnxruntime.get_available_providers():
        return f"here without its CUDA provider; for that install onnxruntime-gpu in its place: {INSTALL}"
    return None


def has_tensorrt() -> bool:
    """Whether TensorRT 10 is installed, which is what the provider is built for. If so, it is in the process
    afterwards, where ONNX Runtime finds it."""
    try:
        tensorrt = import_module("tensorrt")
    except ImportError:
        return False
    return str(tensorrt.__version__).startswith("10.")


def providers(gpu: int, stream: int, tensorrt: dict[str, str] | None = None) -> list[Provider]:
    """What a session is asked for, in the order in which the model's parts are offered to them.

    ``gpu``: its number; ``stream``: a ``cudaStream_t`` that outlives the session; ``tensorrt``: options of
    TensorRT's own, None to do without it.
    """
    place = {"device_id": str(gpu), "user_compute_stream": str(stream)}
    if tensorrt is None:
        return [(CUDA, place)]
    return [(TENSORRT, {**place, **tensorrt}), (CUDA, place)]


def tensorrt_options(
    engines: Path, *, half: bool, shapes: tuple[str, str, str] | None = None
) -> dict[str, str]:
    """What TensorRT is told besides: where it keeps its engines, the precision, and of an input with open
    sides its name, its smallest and its largest shape, `1x3x640x640`, so that it builds once for all."""
    options = {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(engines),
        "trt_fp16_enable": str(int(half)),
    }
    if shapes is not None:
        name, smallest, largest = shapes
        for which, shape in (("min", smallest), ("opt", largest), ("max", largest)):
            options[f"trt_profile_{which}_shapes"] = f"{name}:{shape}"
    return options


def require(wanted: str, there: Sequence[str], file: Path) -> None:
    """Raises ModelError unless the ``wanted`` provider is among those that a session has.

    A provider that can't be loaded is left out by ONNX Runtime without an error, and the CPU does its work.
    """
    if wanted not in there:
        reason = _missing_library(wanted) or "its own message on the standard error output says why"
        raise ModelError(
            f"model {file}: ONNX Runtime can't use its {wanted} and would run on the CPU ({reason}); it "
            "needs the CUDA and cuDNN that it was built for: pip install 'onnxruntime-gpu[cuda,cudnn]'"
        )


def _missing_library(provider: str) -> str | None:
    """What the dynamic linker misses for a provider; None when that isn't it."""
    import onnxruntime

    name = provider.removesuffix("ExecutionProvider").lower()
    try:
        ctypes.CDLL(str(Path(onnxruntime.__file__).parent / "capi" / f"libonnxruntime_providers_{name}.so"))
    except OSError as error:
        return str(error)
    return None
