"""PyTorch on a GPU: TorchScript and torch.export files as networks that can be captured in a CUDA graph."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from camwire.devices.contracts import InputSpec
from camwire.frames import Size
from camwire.models import Overrides
from camwire.models.coco import COCO_CLASSES
from camwire.models.contract import ModelError
from camwire.runtimes.engine_cache import default_folder
from camwire.runtimes.network import Forward, Network

log = structlog.get_logger()

SUFFIXES = (".torchscript", ".pt2")
ACCEPTED = (
    "one float input [B, 3, H, W], RGB from 0 to 1, and one output [B, 4 + classes, anchors]: centre x, "
    "centre y, width, height in input pixels and the classes' scores, as YOLO11's exports have them"
)
GREY = 114


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
    """A ``torch.nn.Module`` on the current GPU, for RGB from 0 to 1, letterboxed in grey as YOLO11 is.

    ``compiled``: its operations are fused by torch.compile, which takes half a minute for each batch size and
    is remembered on disk.
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
    if compiled:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(default_folder().with_name("torch")))
        log.info("the network is compiled; this takes minutes and is remembered", model=name)
        forward = torch.compile(forward, dynamic=False)
    spec = InputSpec(size, "RGB", GREY, centred=True, keep_aspect=keep_aspect)
    runtime = f"PyTorch {'FP32' if full_precision else 'FP16'}{', compiled' if compiled else ''}"
    return Network(
        name,
        tuple(classes),
        spec,
        runtime,
        (1 / 255,) * 3,
        (0.0,) * 3,
        lambda: _first_output(forward),
        slow_to_prepare=compiled,
    )


def load_network(file: Path, overrides: Overrides, *, full_precision: bool = False) -> Network:
    """The network in a file of TorchScript (.torchscript) or torch.export (.pt2), on the current GPU.

    Exported programs are compiled, which makes YOLO11s 1.9 times as fast on an H100; TorchScript can't be.

    Class names and the input's size come from ``overrides``, else from the metadata that YOLO11's exports
    carry, else from the output's shape (80 classes are COCO's) and from what the program was exported with,
    or 640×640. Raises ModelError.
    """
    if not file.is_file():
        raise ModelError(f"model {file}: there is no such file")
    if file.suffix not in SUFFIXES:
        raise ModelError(
            f"model {file}: the name ends in {file.suffix!r}; accepted are {' and '.join(SUFFIXES)}"
        )
    if overrides.task not in (None, "detect"):
        raise ModelError(f"model {file}: on GPUs camwire reads detectors, not task {overrides.task}")
    try:
        module, size, names = _exported(file) if file.suffix == ".pt2" else _scripted(file)
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"model {file}: PyTorch can't read it ({_first_line(error)})") from error
    size = overrides.size or size
    classes = _classes(file, module, size, overrides.labels or names)
    keep_aspect = overrides.keep_aspect is not False
    return from_module(
        file.stem,
        module,
        size,
        classes,
        full_precision=full_precision,
        keep_aspect=keep_aspect,
        compiled=file.suffix == ".pt2",
    )


def _scripted(file: Path) -> tuple[Any, Size, Sequence[str]]:
    import torch

    extra = {"config.txt": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript as a whole is on its way out
        module = torch.jit.load(str(file), map_location="cuda", _extra_files=extra).eval()
    about = json.loads(extra["config.txt"] or "{}")
    height, width = about.get("imgsz", (640, 640))
    names = about.get("names", {})
    return module, Size(int(width), int(height)), [names[key] for key in sorted(names, key=int)]


def _exported(file: Path) -> tuple[Any, Size, Sequence[str]]:
    import torch
    from torch.export.passes import move_to_device_pass

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about its own way of reading tensors
        program = move_to_device_pass(torch.export.load(file), "cuda")
    (example,), _ = program.example_inputs
    return _any_precision(program.module()), Size(int(example.shape[3]), int(example.shape[2])), ()


def _any_precision(module: Any) -> Any:
    """Without the exporter's assertions that tensors are of the precision in which it was exported."""
    import torch

    for node in list(module.graph.nodes):
        if node.op == "call_function" and node.target is torch.ops.aten._assert_tensor_metadata.default:
            module.graph.erase_node(node)
    module.recompile()
    return module


def _classes(file: Path, module: Any, size: Size, names: Sequence[str]) -> tuple[str, ...]:
    """Run the network once to see what comes out."""
    import torch

    try:
        with torch.inference_mode():
            # In single precision, which every program takes; from_module halves it.
            output = _first(
                module.float().cuda()(torch.zeros((1, 3, size.height, size.width), device="cuda"))
            )
    except RuntimeError as error:
        raise ModelError(f"model {file}: PyTorch can't run it ({_first_line(error)})") from error
    count = output.shape[1] - 4 if output.ndim == 3 else 0
    if count < 1 or count >= output.shape[2]:
        raise ModelError(f"model {file}: its output is {list(output.shape)}. Accepted: {ACCEPTED}")
    if names and len(names) != count:
        raise ModelError(f"model {file}: it has {count} classes, but there are {len(names)} names for them")
    if names:
        return tuple(names)
    return COCO_CLASSES if count == len(COCO_CLASSES) else tuple(f"class {n}" for n in range(count))


def _first_output(module: Callable[[Any], Any]) -> Forward:
    return lambda images: (_first(module(images)),)


def _first(output: Any) -> Any:
    """Exports may give the raw grids besides."""
    return output[0] if isinstance(output, (tuple, list)) else output


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
