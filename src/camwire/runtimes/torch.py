"""PyTorch on a GPU: TorchScript and torch.export files as networks that can be captured in a CUDA graph."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from pickle import PickleError
from typing import Any
from zipfile import BadZipFile

from camwire.devices.contracts import InputSpec
from camwire.frames import Size
from camwire.models import Overrides
from camwire.models.contract import Graph, Model, ModelError, TensorSpec
from camwire.models.declared import read_declared
from camwire.models.image import ImageInput
from camwire.models.recognition import chosen_size, recognise, recognise_nanodet
from camwire.models.signature import Signature
from camwire.models.yolo import Extras, Yolo
from camwire.runtimes.compiler import keep_what_is_compiled
from camwire.runtimes.exported import exported, ready
from camwire.runtimes.fast import made_fast
from camwire.runtimes.network import Forward, Network, network_of

SUFFIXES = (".torchscript", ".pt2")
UNREADABLE = (
    RuntimeError, OSError, ValueError, TypeError, LookupError, AttributeError, AssertionError, EOFError,
    BadZipFile, PickleError,
)  # fmt: skip
"""What torch.export raises for files that are cut short or say something else: whatever its parts raise."""
GREY = 114
USUAL = Size(640, 640)


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
    model: Model, module: Any, *, full_precision: bool = False, compiled: bool = False
) -> Network:
    """A ``torch.nn.Module`` on the current GPU, whose tensors mean what ``model`` says.

    ``compiled``: it is made fast (``runtimes/fast.py``), which takes a minute or two and is
    remembered on disk; where that can't be, a warning says why.
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
    names = [tensor.name for tensor in model.graph.outputs]
    network = network_of(
        model, model.graph, "PyTorch", lambda: picked(forward, names), half=not full_precision
    )
    runtime = f"{network.runtime}, {how}" if how else network.runtime
    return replace(network, runtime=runtime, slow_to_prepare=how == "compiled")


def load_network(file: Path, overrides: Overrides, *, full_precision: bool = False) -> Network:
    """The network in a file of TorchScript (.torchscript) or torch.export (.pt2), on the current GPU.

    Exported programs are fused and compiled, which makes YOLO11s 2.8 times as fast on an H100; of TorchScript
    convolutions alone are fused.

    What its tensors mean, and how large its input is, comes from ``overrides``, else from the metadata that
    YOLO11's TorchScript carries or from what the program was exported with, else from the shapes of its
    outputs for an input of 640×640. Raises ModelError.
    """
    if not file.is_file():
        raise ModelError(f"model {file}: there is no such file")
    if file.suffix not in SUFFIXES:
        raise ModelError(
            f"model {file}: the name ends in {file.suffix!r}; accepted are {' and '.join(SUFFIXES)}"
        )
    keep_what_is_compiled()
    try:
        module, size, metadata = _exported(file) if file.suffix == ".pt2" else _scripted(file)
    except UNREADABLE as error:
        raise ModelError(f"model {file}: PyTorch can't read it ({_first_line(error)})") from error
    # In single precision, which every program takes; network_for halves it.
    module = module.float().cuda()
    overrides = replace(overrides, size=overrides.size or size)
    model = recognised(file, lambda size: _shapes(file, module, size, "cuda"), metadata, overrides)
    return network_for(model, module, full_precision=full_precision, compiled=True)


def recognised(
    file: Path,
    shapes: Callable[[Size], list[tuple[int, ...]]],
    metadata: Mapping[str, str],
    overrides: Overrides,
) -> Model:
    """What a program's tensors mean; ``shapes``: of its outputs for an input of that size. Raises ModelError.

    The input is as large as asked for, else as ``metadata`` declares, else 640×640. Exports may give the
    grids of before besides, which mean nothing here.
    """
    declared = read_declared(file, metadata)
    declared = replace(declared, size=declared.size or USUAL)
    fed = TensorSpec("images", (-1, 3, -1, -1), "float32")
    size = chosen_size(file, ImageInput(fed, "NCHW", None, None), declared, overrides.size)
    image = ImageInput(fed, "NCHW", size, None)
    outputs = [TensorSpec(output_name(n), (1, *shape[1:]), "float32") for n, shape in enumerate(shapes(size))]
    refused: list[ModelError] = []
    for chosen in (outputs, outputs[:1], [*outputs[:1], *outputs[-1:]]):
        signature = Signature((fed,), tuple(chosen))
        try:
            return recognise_nanodet(file, image, signature, overrides) or recognise(
                file, image, signature, declared, size, overrides
            )
        except ModelError as error:
            refused.append(error)
    raise refused[0]


def _scripted(file: Path) -> tuple[Any, Size | None, dict[str, str]]:
    import torch

    extra = {"config.txt": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript as a whole is on its way out
        module = torch.jit.load(str(file), map_location="cuda", _extra_files=extra).eval()
    about = json.loads(extra["config.txt"] or "{}")
    if isinstance(names := about.get("names"), dict):
        # JSON has no other keys than text.
        about["names"] = {int(number): name for number, name in names.items()}
    return module, None, {key: str(value) for key, value in about.items()}


def _exported(file: Path) -> tuple[Any, Size | None, dict[str, str]]:
    import torch
    from torch.export.passes import move_to_device_pass

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about its own way of reading tensors
        program = move_to_device_pass(torch.export.load(file), "cuda")
    (example,), _ = program.example_inputs
    return ready(program), Size(int(example.shape[3]), int(example.shape[2])), {}


def _shapes(file: Path, module: Any, size: Size, device: str) -> list[tuple[int, ...]]:
    """Run the network once to see what comes out."""
    import torch

    from camwire.runtimes.tracing import said_as_written

    black = torch.zeros((1, 3, size.height, size.width), device=device)
    try:
        outputs = tensors_of(said_as_written(module, black))
    except RuntimeError as error:
        raise ModelError(f"model {file}: PyTorch can't run it ({_first_line(error)})") from error
    return [tuple(output.shape) for output in outputs]


def output_name(number: int) -> str:
    """Programs don't name their outputs."""
    return f"output{number}"


def picked(module: Callable[[Any], Any], names: Sequence[str]) -> Forward:
    """``module`` with those of its outputs, in that order."""

    def forward(images: Any) -> tuple[Any, ...]:
        outputs = {output_name(n): output for n, output in enumerate(tensors_of(module(images)))}
        return tuple(outputs[name] for name in names)

    return forward


def tensors_of(output: Any) -> list[Any]:
    """All tensors in nested tuples, lists and dictionaries, in their order."""
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, (tuple, list)):
        return [tensor for part in output for tensor in tensors_of(part)]
    return [output]


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
