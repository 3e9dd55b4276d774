"""The one place that chooses what runs a model."""

from __future__ import annotations

from dataclasses import dataclass

from camwire.models.contract import Graph, ModelError
from camwire.runtimes.contract import Runtime
from camwire.runtimes.openvino import OpenVinoRuntime

KNOWN = ("auto", "openvino")


@dataclass(frozen=True, slots=True)
class Choice:
    """A runtime, and why it is this one, in words."""

    runtime: Runtime
    reason: str


def choose_runtime(wanted: str, graph: Graph, device: str) -> Choice:
    """Load ``graph`` into the runtime that ``wanted`` names; `auto`: into the fastest one for ``device``.

    ``device`` is a device's name: `cpu`. Raises ModelError when the runtime isn't known, doesn't run on the
    device or can't run the model.
    """
    if wanted not in KNOWN:
        raise ModelError(f"no runtime is called {wanted!r}; known: {', '.join(KNOWN)}")
    if device != "cpu":
        raise ModelError(
            f"no runtime for the device {device!r} is part of this camwire; OpenVINO runs on `cpu`"
        )
    reason = "asked for" if wanted == "openvino" else "auto: the fastest for ONNX files on a CPU"
    return Choice(OpenVinoRuntime(graph), reason)
