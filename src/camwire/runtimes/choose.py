"""The one place that chooses what runs a model on a CPU; ``networks.py`` is that for GPUs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from camwire.models.contract import Graph, ModelError
from camwire.runtimes.contract import Runtime


@dataclass(frozen=True, slots=True)
class Choice:
    """A runtime, and why it is this one, in words."""

    runtime: Runtime
    reason: str


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a runtime before it is imported."""

    package: str
    """What has to be importable."""
    install: str
    devices: tuple[str, ...]
    """Kinds of devices, `cpu` or `cuda`."""
    suffixes: tuple[str, ...]
    """Of the files that it runs."""
    load: Callable[[Graph, str, bool], Runtime]


def _openvino(graph: Graph, _device: str, full_precision: bool) -> Runtime:
    from camwire.runtimes.openvino import OpenVinoRuntime

    return OpenVinoRuntime(graph, full_precision=full_precision)


def _onnxruntime(graph: Graph, _device: str, _full_precision: bool) -> Runtime:
    from camwire.runtimes.onnxruntime import OnnxRuntime

    return OnnxRuntime(graph)


KINDS: dict[str, Kind] = {
    "openvino": Kind("openvino", "pip install openvino", ("cpu",), (".onnx", ".xml", ".tflite"), _openvino),
    "onnxruntime": Kind(
        "onnxruntime", "pip install 'camwire[onnxruntime]'", ("cpu",), (".onnx",), _onnxruntime
    ),
}
"""By name, the fastest first: `auto` takes the first one that runs the file on the device."""

GPU_RUNTIMES = ("tensorrt", "torch")

REASONS = {
    "openvino": "the fastest on CPUs: BF16 where the processor has it, as fast as any other in FP32",
    "onnxruntime": "it runs ONNX files on this device, and nothing faster is installed",
}


def choose_runtime(wanted: str, graph: Graph, device: str, precision: str = "auto") -> Choice:
    """Load ``graph`` into the runtime that ``wanted`` names; `auto`: into the fastest one for ``device``.

    ``device`` is a device's name: `cpu`, `cuda:0`. ``precision``: `full` forbids half precision. Raises
    ModelError when the runtime isn't known or installed, doesn't run on the device or can't run the model.
    """
    if wanted == "auto":
        name, why = _fastest(graph, device)
        return Choice(KINDS[name].load(graph, device, precision == "full"), f"auto: {why}")
    if wanted in GPU_RUNTIMES:
        raise ModelError(f"model {graph.file}: runtime {wanted} runs on GPUs only; the device is {device!r}")
    kind = KINDS.get(wanted)
    if kind is None:
        raise ModelError(f"no runtime is called {wanted!r}; known: auto, {', '.join(KINDS)}")
    obstacle = _obstacle(wanted, kind, graph, device)
    if obstacle is not None:
        raise ModelError(f"model {graph.file}: {obstacle}")
    return Choice(kind.load(graph, device, precision == "full"), "asked for")


def explain_runtime(graph: Graph, device: str) -> str:
    """What `auto` chooses for ``graph`` on ``device``, and why; nothing is loaded. Raises ModelError."""
    name, why = _fastest(graph, device)
    return f"{name} ({why})"


def _fastest(graph: Graph, device: str) -> tuple[str, str]:
    """The first of ``KINDS`` that can run ``graph`` on ``device``, and why it is that one."""
    obstacles: list[str] = []
    for name, kind in KINDS.items():
        obstacle = _obstacle(name, kind, graph, device)
        if obstacle is None:
            return name, "; ".join([REASONS[name], *obstacles])
        if _kind_of(device) in kind.devices:
            obstacles.append(obstacle)
    tried = "; ".join(obstacles) or "none knows such a device"
    raise ModelError(f"model {graph.file}: no runtime can run it on the device {device!r}: {tried}")


def _obstacle(name: str, kind: Kind, graph: Graph, device: str) -> str | None:
    """Why this runtime can't run the file on the device, and what would help; None when nothing is known."""
    if _kind_of(device) not in kind.devices:
        return f"runtime {name} doesn't run on the device {device!r}, only on {' and '.join(kind.devices)}"
    if graph.file.suffix.lower() not in kind.suffixes:
        return f"runtime {name} runs {', '.join(kind.suffixes)} files"
    if find_spec(kind.package) is None:
        return f"runtime {name} is not installed; add it with: {kind.install}"
    return None


def _kind_of(device: str) -> str:
    return device.partition(":")[0]
