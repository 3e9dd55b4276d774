"""An ONNX file as a network of PyTorch's for the CUDA device's detector."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import structlog
import torch

from camwire.models.contract import Graph, Model, ModelError
from camwire.runtimes.compiler import keep_what_is_compiled
from camwire.runtimes.fast import made_fast_by_count
from camwire.runtimes.half import in_half_precision
from camwire.runtimes.network import (
    FEW_AT_ONCE,
    Forward,
    Network,
    few_at_once,
    for_common_pictures,
    network_of,
)
from camwire.runtimes.programs import Programs
from camwire.runtimes.translated import checking
from camwire.runtimes.translated.operators import OPERATORS
from camwire.runtimes.translated.program import operators_in, read_program
from camwire.runtimes.translated.translation import Translation

INSTEAD = "run it with TensorRT or ONNX Runtime, or export it for PyTorch (.pt2)"

log = structlog.get_logger()


def obstacle(file: Path) -> str | None:
    """Why PyTorch can't run an ONNX file, as far as its operators tell; None when it can. Raises ModelError
    for a file that can't be read."""
    unknown = sorted(operators_in(file) - OPERATORS.keys())
    return f"not able to do {', '.join(unknown)}" if unknown else None


def translated_network(model: Model, *, half: bool) -> Network:
    """The network of a detector's ONNX file on the current GPU.

    Raises ModelError when PyTorch can't run it, or would say something else than OpenVINO does.
    """
    graph = for_common_pictures(model.graph)
    if graph.quantised:
        raise ModelError(f"model {graph.file}: PyTorch runs no ONNX files in 8 bits; {INSTEAD}")
    keep_what_is_compiled()
    translation = Translation(read_program(graph.file), graph, "cuda")
    batch = most_at_once(graph, translation)
    if half and graph.is_single:
        translation = lighter(graph, translation, batch)
        half = translation.dtype == torch.float16
    torch.cuda.empty_cache()  # single precision took more than what comes now
    forward: Forward = Programs(translation.says)
    fused = False
    if translation.dtype == torch.float16:
        forward, fused = made_fast_by_count(
            model.name, translation.says, graph.input.size, translation.chooses_from
        )
    _try(forward, graph, batch or 1)
    if batch is not None:
        log.warning(FEW_AT_ONCE, file=str(graph.file), pictures=batch)
        forward = few_at_once(forward, batch)
    network = network_of(model, graph, "PyTorch", lambda: forward, half=half)
    compiled = fused and batch is None
    how = ", compiled" if compiled else ", fused" if fused else ""
    return replace(network, runtime=network.runtime + how, slow_to_prepare=compiled)


def most_at_once(graph: Graph, exact: Translation) -> int | None:
    """How many pictures a run may take: as many as the file says, or None, any number, where the translation
    says the same of more. Raises ModelError when it doesn't say what OpenVINO says."""
    images = checking.pictures(graph)
    wanted = checking.said_by_openvino(graph, images)
    images = images.to(exact.device)
    apart = inf
    for batch in dict.fromkeys((None, graph.batch)):
        if batch is None and not exact.takes(len(images)):
            continue
        with torch.inference_mode():
            said = (
                exact.says(len(images))(images)
                if batch is None
                else few_at_once(exact.says(batch), batch)(images)
            )
        apart = checking.apart(said, wanted)
        if apart < checking.ALIKE:
            return batch
    raise ModelError(
        f"model {graph.file}: PyTorch says something else than OpenVINO ({apart:.1%}); {INSTEAD}"
    )


def lighter(graph: Graph, exact: Translation, batch: int | None) -> Translation:
    """The model in half precision; ``exact`` with a warning where half precision can't hold its numbers."""
    program = read_program(graph.file, in_half_precision(graph.file))
    half = Translation(program, graph, exact.device)
    count = batch or checking.PICTURES
    images = checking.pictures(graph).to(exact.device).repeat(count, 1, 1, 1)[:count]
    with torch.inference_mode():
        apart = checking.apart(half.chooses_from(count)(images), exact.chooses_from(count)(images))
    if apart < checking.ALIKE:
        return half
    log.warning(
        "half precision would change what the model says; it runs in single precision, which is slower",
        file=str(graph.file),
        by=f"{apart:.1%}",
    )
    return exact


def _try(forward: Forward, graph: Graph, count: int) -> None:
    """Raises ModelError where the operations can't be written down as a program."""
    width, height = graph.input.size
    images = torch.zeros((count, 3, height, width), dtype=torch.float16, device="cuda")
    try:
        with torch.inference_mode():
            forward(images.contiguous(memory_format=torch.channels_last))
    except ValueError as error:
        raise ModelError(f"model {graph.file}: PyTorch can't run it ({error}); {INSTEAD}") from error
