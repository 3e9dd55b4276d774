"""Whether a translated network says what OpenVINO says, of which it is known that it reads files rightly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino
import torch
from torch import Tensor

from camwire.frames import Float32Array
from camwire.models.contract import Graph, ModelError
from camwire.models.signature import OPENVINO_ERRORS, last_line
from camwire.runtimes.network import in_parts
from camwire.runtimes.openvino import port_of

PICTURES = 2
"""Enough to see whether they are mixed up."""
PATCHES = 4
"""In each direction, of a colour each: cells of grids as large as these differ, too."""
NEAR = 0.1
"""What is smaller differs as much as this does: sureness that is next to nothing."""
ALIKE = 0.03
"""On an average, of each number: far more than rounding, in half precision, too."""


def pictures(graph: Graph) -> Tensor:
    """[PICTURES, 3, H, W] as the network gets them: coloured patches under noise, always the same."""
    width, height = graph.input.size
    rng = np.random.default_rng(0)
    patches = rng.uniform(0, 255, (PICTURES, PATCHES, PATCHES, 3))
    rows, columns = (np.arange(side) * PATCHES // side for side in (height, width))
    pixels = 0.7 * patches[:, rows][:, :, columns] + 0.3 * rng.uniform(0, 255, (PICTURES, height, width, 3))
    numbers: Float32Array = ((pixels - graph.mean) / graph.std).astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(numbers.transpose(0, 3, 1, 2)))


def said_by_openvino(graph: Graph, images: Tensor) -> Sequence[Tensor]:
    """The graph's outputs in single precision. Raises ModelError."""
    core = openvino.Core()
    size = graph.batch or len(images)
    sides = images.shape[1:] if graph.layout == "NCHW" else (*images.shape[2:], images.shape[1])
    try:
        model = core.read_model(graph.file)
        model.reshape([size, *sides])
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        ports = [port_of(compiled, output.name) for output in graph.outputs]

        def run(fed: Any) -> tuple[Tensor, ...]:
            said = compiled(fed.numpy())
            return tuple(torch.from_numpy(said[port].copy()) for port in ports)

        outputs: Sequence[Tensor] = in_parts(images, getattr(torch, graph.dtype), graph, run)
    except OPENVINO_ERRORS as error:
        raise ModelError(f"model {graph.file}: OpenVINO can't run it ({last_line(error)})") from error
    return outputs


def apart(said: Sequence[Tensor], wanted: Sequence[Tensor]) -> float:
    """How much the outputs differ, as a part of what they are, on an average; of the one that differs most.
    Infinite where they have other shapes or are no numbers."""
    if [one.shape for one in said] != [one.shape for one in wanted]:
        return float("inf")
    return max(map(_apart, said, wanted), default=0.0)


def _apart(said: Tensor, wanted: Tensor) -> float:
    """Number by number: in one tensor stand pixels, beside whose mean sureness is nothing, and sureness."""
    said, wanted = said.cpu().double(), wanted.cpu().double()
    mean = float(((said - wanted).abs() / (wanted.abs() + NEAR)).mean())
    return mean if np.isfinite(mean) else float("inf")
