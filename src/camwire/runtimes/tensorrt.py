"""TensorRT: from an ONNX file to an engine for one GPU.

TensorRT 10 builds FP16 engines of FP32 files (a builder flag). TensorRT 11 and TensorRT for RTX have no such
flag: networks are strongly typed there, so the engine computes in the types that the file has, and a file
that is to run in half precision is given such types first (``half.py``).
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from camwire.models.contract import Graph, ModelError
from camwire.runtimes.engine_cache import EngineCache, default_folder
from camwire.runtimes.engine_key import EngineKey, file_hash
from camwire.runtimes.half import in_half_precision
from camwire.runtimes.network import input_shapes

PACKAGES = ("tensorrt", "tensorrt_rtx")
"""By preference."""
INSTALL = "pip install tensorrt-cu13"
REPORT_EVERY = 2.0
"""Seconds between two lines of progress in the log."""

log = structlog.get_logger()


def import_tensorrt() -> Any:
    """The installed TensorRT. Raises ModelError, which says how to add it."""
    for package in PACKAGES:
        try:
            return importlib.import_module(package)
        except ImportError:
            continue
    raise ModelError(f"runtime tensorrt is not installed; add it with: {INSTALL}")


def engine_for(graph: Graph, batch: int, gpu: str, *, half: bool, folder: Path | None = None) -> bytes:
    """A serialised engine for ``graph`` on the GPU that ``gpu`` names: out of the cache, or built now.

    It takes 1 to ``batch`` frames of the graph's largest input, or as many as the file says. Raises
    ModelError when TensorRT isn't installed or can't build it.
    """
    trt = import_tensorrt()
    key = EngineKey(
        model=file_hash(graph.file),
        tensorrt=f"{trt.__name__} {trt.__version__}",
        gpu=gpu,
        precision=_precision(trt, graph, half=half),
        shapes=" to ".join("×".join(map(str, shape)) for shape in input_shapes(graph, batch)),
    )
    cache = EngineCache(folder or default_folder())
    return cache.get(graph.file, key, lambda: build(trt, graph, batch, half=half))


def build(
    trt: Any, graph: Graph, batch: int, *, half: bool, report: Callable[[str], None] | None = None
) -> bytes:
    """Build a serialised engine; takes seconds to minutes. ``report`` is told how far it is.

    ``trt`` is the module of TensorRT 10, 11 or TensorRT for RTX. Raises ModelError.
    """
    logger = _logger(trt)
    builder = trt.Builder(logger)
    network = builder.create_network(_creation_flags(trt))
    parser = trt.OnnxParser(network, logger)
    converted = half and not _has_half_flag(trt) and graph.is_single
    content = in_half_precision(graph.file) if converted else None
    if not (parser.parse(content) if content else parser.parse_from_file(str(graph.file))):
        errors = [parser.get_error(index) for index in range(parser.num_errors)]
        said = [f"{error.node_operator()} {error.node_name()}: {error.desc()}" for error in errors]
        raise _unable(trt, graph, "; ".join(said))
    config = builder.create_builder_config()
    if half and _has_half_flag(trt):
        config.set_flag(trt.BuilderFlag.FP16)
    config.progress_monitor = _monitor(trt, report or _log_progress(graph))
    if any(side < 0 for side in network.get_input(0).shape):
        smallest, largest = input_shapes(graph, batch)
        profile = builder.create_optimization_profile()
        profile.set_shape(network.get_input(0).name, smallest, largest, largest)
        config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise _unable(trt, graph, "; ".join(logger.errors))
    return bytes(engine)


def _precision(trt: Any, graph: Graph, *, half: bool) -> str:
    if half and _has_half_flag(trt):
        return "FP16 where it is faster"
    if half and graph.is_single:
        return "FP16, converted"
    return f"as the file: {graph.dtype}{' and 8 bits' if graph.quantised else ''}"


def _has_half_flag(trt: Any) -> bool:
    """TensorRT 10 has it; 11 and TensorRT for RTX don't."""
    return hasattr(trt.BuilderFlag, "FP16")


def _creation_flags(trt: Any) -> int:
    if _has_half_flag(trt) or not hasattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED"):
        return 0
    return 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)


def _unable(trt: Any, graph: Graph, reason: str) -> ModelError:
    name = f"{trt.__name__} {trt.__version__}"
    return ModelError(f"model {graph.file}: {name} can't build an engine ({' '.join(reason.split())})")


def _logger(trt: Any) -> Any:
    """Keeps errors for the message that will be raised; TensorRT itself prints nothing."""

    class Logger(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.Severity.ERROR:
                self.errors.append(message)

    return Logger()


def _monitor(trt: Any, report: Callable[[str], None]) -> Any:
    """Tells how far the outermost phase is."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._steps: dict[str, int] = {}

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            if parent is None:
                self._steps[name] = steps

        def step_complete(self, name: str, step: int) -> bool:
            if name in self._steps:
                report(f"{name}: {step + 1} of {self._steps[name]}")
            return True

        def phase_finish(self, name: str) -> None:
            self._steps.pop(name, None)

    return Monitor()


def _log_progress(graph: Graph) -> Callable[[str], None]:
    """A line in the log every few seconds."""
    last = time.monotonic()

    def report(progress: str) -> None:
        nonlocal last
        if time.monotonic() - last >= REPORT_EVERY:
            last = time.monotonic()
            log.info("the engine is being built", model=str(graph.file), progress=progress)

    return report
