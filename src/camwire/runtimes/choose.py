"""The one place that chooses what runs a model: by its file, the device, what is installed and asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from camwire.models.contract import Graph, ModelError
from camwire.runtimes import onnxruntime_providers, tensorrt
from camwire.runtimes.contract import Runtime

EXPORT = "export the model for PyTorch (.torchscript, or .pt2 by torch.export)"


@dataclass(frozen=True, slots=True)
class Way:
    """A runtime on a kind of device; nothing of it is imported before it is chosen."""

    name: str
    device: str
    """`cpu` or `cuda`."""
    suffixes: tuple[str, ...]
    """Of the files that it runs."""
    obstacle: Callable[[], str | None]
    """Why it can't run here, and the line that changes that; None when it can."""
    because: str
    """Why `auto` takes it, where nothing before it in ``WAYS`` can be taken."""
    refuses: Callable[[Path], str | None] = lambda _: None
    """Why a file can't run, where that shows without loading it. Raises ModelError."""


def _translation_refuses(file: Path) -> str | None:
    if file.suffix.lower() != ".onnx":
        return None
    from camwire.runtimes.translated.network import obstacle

    return obstacle(file)


def _needs(install: str, *packages: str) -> Callable[[], str | None]:
    """An obstacle unless one of the ``packages`` can be imported."""
    return lambda: (
        None if any(find_spec(package) for package in packages) else f"not installed; add it with: {install}"
    )


WAYS = (
    Way(
        "openvino",
        "cpu",
        (".onnx", ".xml", ".tflite"),
        _needs("pip install openvino", "openvino"),
        "the fastest on CPUs: BF16 where the processor has it, as fast as any other in FP32",
    ),
    Way(
        "onnxruntime",
        "cpu",
        (".onnx",),
        _needs("pip install 'camwire[onnxruntime]'", "onnxruntime"),
        "it runs ONNX files on CPUs",
    ),
    Way(
        "tensorrt",
        "cuda",
        (".onnx",),
        _needs(tensorrt.INSTALL, *tensorrt.PACKAGES),
        "the fastest for ONNX files on GPUs",
    ),
    Way(
        "torch",
        "cuda",
        (".onnx", ".torchscript", ".pt2"),
        _needs("pip install 'camwire[cuda]'", "torch"),
        "what camwire[cuda] brings, with fused convolutions",
        _translation_refuses,
    ),
    Way(
        "onnxruntime",
        "cuda",
        (".onnx",),
        onnxruntime_providers.obstacle,
        "it runs ONNX files on GPUs",
    ),
)
"""For each kind of device the fastest first: `auto` takes the first one that runs the file."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A runtime on a CPU, and why it is this one, in words."""

    runtime: Runtime
    reason: str


def choose(file: Path, wanted: str, device: str) -> tuple[str, str]:
    """The name of the runtime for ``file`` on ``device``, and why it is this one, in words.

    ``wanted``: a runtime's name, or `auto`; ``device``: `cpu`, `cuda`, `cuda:0`. Nothing is loaded. Raises
    ModelError when the runtime isn't known or installed, or doesn't run such files or on such a device.
    """
    return choices(file, wanted, device)[0]


def choices(file: Path, wanted: str, device: str) -> list[tuple[str, str]]:
    """As ``choose``, with those that `auto` would take if the ones before failed behind it."""
    kind = device.partition(":")[0]
    known = [way for way in WAYS if wanted in ("auto", way.name)]
    if not known:
        names = ", ".join(dict.fromkeys(way.name for way in WAYS))
        raise ModelError(f"no runtime is called {wanted!r}; known: auto, {names}")
    there = [way for way in known if way.device == kind]
    if not there:
        others = ", ".join(way.name for way in WAYS if way.device == kind)
        raise ModelError(
            f"model {file}: runtime {wanted} doesn't run on the device {device!r}; those that do: {others}"
        )
    fitting = [way for way in there if file.suffix.lower() in way.suffixes]
    if not fitting:
        suffixes = ", ".join(dict.fromkeys(suffix for way in there for suffix in way.suffixes))
        who = f"on the device {device!r} camwire" if wanted == "auto" else f"there runtime {wanted}"
        raise ModelError(f"model {file}: {who} runs {suffixes} files{_otherwise(kind)}")
    obstacles: list[str] = []
    possible: list[tuple[str, str]] = []
    for way in fitting:
        obstacle = way.obstacle() or way.refuses(file)
        if obstacle is None:
            reason = "asked for" if wanted != "auto" else "; ".join([f"auto: {way.because}", *obstacles])
            possible.append((way.name, reason))
        else:
            obstacles.append(f"runtime {way.name} is {obstacle}")
    if possible:
        return possible
    said = "; ".join(obstacles) + _otherwise(kind)
    raise ModelError(f"model {file}: no runtime can run it on the device {device!r}: {said}")


def explain_runtime(graph: Graph) -> str:
    """What `auto` chooses for ``graph`` on a CPU, and why; nothing is loaded. Raises ModelError."""
    name, reason = choose(graph.file, "auto", "cpu")
    return f"{name} ({reason.removeprefix('auto: ')})"


def choose_runtime(wanted: str, graph: Graph, precision: str = "auto") -> Choice:
    """Load ``graph`` into the runtime for CPUs that ``wanted`` names; `auto`: into the fastest.

    For GPUs see ``networks.choose_network``. ``precision``: `full` forbids half precision. Raises ModelError
    as ``choose`` does, and when the runtime can't run the model.
    """
    name, reason = choose(graph.file, wanted, "cpu")
    if name == "openvino":
        from camwire.runtimes.openvino import OpenVinoRuntime

        return Choice(OpenVinoRuntime(graph, full_precision=precision == "full"), reason)
    from camwire.runtimes.onnxruntime import OnnxRuntime

    return Choice(OnnxRuntime(graph), reason)


def _otherwise(kind: str) -> str:
    return f"; or {EXPORT}" if kind == "cuda" else ""
