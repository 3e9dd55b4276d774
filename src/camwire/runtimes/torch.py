"""PyTorch on a GPU: TorchScript and torch.export files as networks that can be captured in a CUDA graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from camwire.devices.contracts import InputSpec
from camwire.frames import Size
from camwire.models import Overrides
from camwire.models.contract import Graph, Model, TensorSpec
from camwire.models.yolo import Extras, Yolo
from camwire.runtimes.compiler import keep_what_is_compiled
from camwire.runtimes.exported import exported
from camwire.runtimes.fast import made_fast
from camwire.runtimes.network import FEW_AT_ONCE, Network, few_at_once, network_of
from camwire.runtimes.program_files import output_name, picked, read_program_file, recognised

GREY = 114

log = structlog.get_logger()


def from_module(
    name: str,
    module: Any,
    size: Size,
    classes: Sequence[str],
    *,
    full_precision: bool = False,
    keep_aspect: bool = True,
    compiled: bool = False,
) -> Network:
    """A ``torch.nn.Module`` on the current GPU that detects as YOLO11 does: RGB from 0 to 1, letterboxed in
    grey, to [B, 4 + classes, anchors]. ``full_precision`` and ``compiled`` as in :func:`network_for`."""
    model = Yolo(
        name=name,
        task="detect",
        reading="YOLOv8/YOLO11 detect [B, 4+C, A]",
        classes=tuple(classes),
        graph=Graph(
            file=Path(name),
            input=InputSpec(size, "RGB", GREY, centred=True, keep_aspect=keep_aspect),
            step=None,
            mean=(0.0,) * 3,
            std=(255.0,) * 3,
            outputs=(TensorSpec(output_name(0), (1, 4 + len(classes), -1), "float32"),),
        ),
        extras=Extras(),
        anchors_first=False,
        normalised=False,
    )
    if compiled:
        keep_what_is_compiled()
        module = exported(module, size)
    return network_for(model, module, full_precision=full_precision, compiled=compiled)


def network_for(
    model: Model,
    module: Any,
    *,
    full_precision: bool = False,
    compiled: bool = False,
    most: int | None = None,
) -> Network:
    """A ``torch.nn.Module`` on the current GPU, whose tensors mean what ``model`` says.

    ``compiled``: it is made fast (``runtimes/fast.py``), which takes a minute or two and is
    remembered on disk; where that can't be, a warning says why. ``most``: pictures that the module takes at
    once; None for any number.
    """
    import torch

    module = module.cuda().to(memory_format=torch.channels_last)
    forward: Callable[[Any], Any]
    if full_precision:
        single = module.float()

        def forward(images: Any) -> Any:
            return single(images.float())

    else:
        forward = module.half()
    how = ""
    # TorchScript is fused in half precision alone, and not compiled.
    if compiled and not (full_precision and isinstance(module, torch.jit.ScriptModule)):
        forward, how = made_fast(model.name, forward, model.graph.input.size)
    said = picked(forward, [tensor.name for tensor in model.graph.outputs])
    if most is not None:
        log.warning(FEW_AT_ONCE, file=str(model.graph.file), pictures=most)
        said = few_at_once(said, most)
    network = network_of(model, model.graph, "PyTorch", lambda: said, half=not full_precision)
    runtime = f"{network.runtime}, {how}" if how else network.runtime
    return replace(network, runtime=runtime, slow_to_prepare=how == "compiled")


def load_network(file: Path, overrides: Overrides, batch: int, *, full_precision: bool = False) -> Network:
    """The network in a file of TorchScript (.torchscript) or torch.export (.pt2), on the current GPU.

    Exported programs are fused and compiled, which makes YOLO11s 2.8 times as fast on an H100; of TorchScript
    convolutions alone are fused, which makes it 2.3 times as fast.

    What its tensors mean, and how large its input is, comes from ``overrides``, else from the metadata that
    YOLO11's TorchScript carries or from what the program was exported with, else from the shapes of its
    outputs for an input of 640×640. ``batch``: the most pictures at once. Raises ModelError.
    """
    program = read_program_file(file, "cuda")
    overrides = replace(overrides, size=overrides.size or program.size)
    model = recognised(file, program.shapes, program.metadata, overrides)
    most = program.most_at_once(batch, model.graph)
    return network_for(model, program.module, full_precision=full_precision, compiled=True, most=most)
