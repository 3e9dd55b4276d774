"""What runs a model on a GPU: the contract between a runtime there and the CUDA device's detector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from camwire.devices.contracts import InputSpec
from camwire.models.contract import Graph, Model
from camwire.models.inputs import COMMON, input_for
from camwire.models.signature import read_signature

FEW_AT_ONCE = "the model takes few pictures at once, which is slow on a GPU; export it with an open batch"

Forward = Callable[[Any], tuple[Any, ...]]
"""[B, 3, H, W] float16, channels last → the model's outputs, float16 or float32, in the order in which
``Model.decode`` wants them: of a YOLO11 detector one, [B, 4 + C, A]. All are ``torch.Tensor`` on the device.
Launches on the current stream and doesn't wait; what it returns holds until its next call."""


@dataclass(frozen=True, slots=True)
class Network:
    """A detection network on a GPU."""

    model: Model
    """What its outputs mean."""
    input: InputSpec
    runtime: str
    """And precision, for people: `PyTorch FP16`."""
    gain: tuple[float, float, float]
    """An 8-bit level L of a channel goes in as L * gain + bias."""
    bias: tuple[float, float, float]
    instance: Callable[[], Forward]
    """What one batch at a time goes through; batches side by side want one each. It is made with the stream
    current on which it will be called, and called on no other."""
    slow_to_prepare: bool = False
    """Each batch size that is run takes long to make ready."""
    capturable: bool = True
    """Whether a CUDA graph can hold what ``Forward`` launches: always the same, and nothing waits."""

    @property
    def classes(self) -> tuple[str, ...]:
        return self.model.classes

    def describe(self) -> str:
        """`yolo11s 640×384, PyTorch FP16`."""
        width, height = self.input.size
        return f"{self.model.name} {width}×{height}, {self.runtime}"


def network_of(
    model: Model,
    graph: Graph,
    runtime: str,
    instance: Callable[[], Forward],
    *,
    half: bool,
    capturable: bool = True,
) -> Network:
    """``model`` on a GPU, fed as its ``graph`` says; ``half``: what the file has in single precision runs in
    half precision."""
    rest = "FP16" if half or graph.dtype == "float16" else "FP32"
    red, green, blue = (1 / std for std in graph.std)
    biases = (-mean / std for mean, std in zip(graph.mean, graph.std, strict=True))
    return Network(
        model,
        graph.input,
        f"{runtime} {'INT8 and ' if graph.quantised else ''}{rest}",
        (red, green, blue),
        (next(biases), next(biases), next(biases)),
        instance,
        capturable=capturable,
    )


def for_common_pictures(graph: Graph) -> Graph:
    """``graph`` as a GPU runs it: where the file leaves the input's size open, as large as pictures of
    ``COMMON``'s aspect need. Raises ModelError."""
    spec = input_for(graph.input, None if graph.reshaped else graph.step, [COMMON])
    if spec.size == graph.input.size:
        return graph
    (_, *sides), _ = input_shapes(replace(graph, input=spec), 1)
    shapes = {tensor.name: tensor for tensor in read_signature(graph.file, (1, *sides)).outputs}
    return replace(graph, input=spec, outputs=tuple(shapes[tensor.name] for tensor in graph.outputs))


def input_shapes(graph: Graph, batch: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The file's input for the fewest and the most frames at once, up to ``batch`` where it is open."""
    width, height = graph.input.size
    sides = (3, height, width) if graph.layout == "NCHW" else (height, width, 3)
    return (graph.batch or 1, *sides), (graph.batch or batch, *sides)


def in_parts(images: Any, dtype: Any, graph: Graph, run: Callable[[Any], tuple[Any, ...]]) -> tuple[Any, ...]:
    """``run`` on ``images`` [B, 3, H, W] as ``graph`` wants them: contiguous, of ``dtype``, axes in order, so
    many at a time; its outputs put together, of B frames."""
    import torch

    if graph.layout == "NHWC":
        images = images.permute(0, 2, 3, 1)
    fed = images.to(dtype, memory_format=torch.contiguous_format)
    return few_at_once(run, graph.batch or len(fed))(fed)


def few_at_once(forward: Callable[[Any], tuple[Any, ...]], most: int) -> Forward:
    """``forward``, which takes ``most`` pictures, for any number: the last ones are filled up with zeros."""
    import torch

    def forward_all(images: Any) -> tuple[Any, ...]:
        count = len(images)
        if missing := -count % most:
            images = torch.nn.functional.pad(images, (0, 0) * (images.ndim - 1) + (0, missing))
        parts = [forward(images[start : start + most]) for start in range(0, len(images), most)]
        if len(parts) == 1:
            return tuple(output[:count] for output in parts[0])
        return tuple(torch.cat(outputs)[:count] for outputs in zip(*parts, strict=True))

    return forward_all
