"""PyTorch on a GPU: TorchScript and torch.export files as networks that can be captured in a CUDA graph."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camwire.devices.contracts import InputSpec
from camwire.frames import Size
from camwire.models.coco import COCO_CLASSES
from camwire.models.contract import ModelError

SUFFIXES = (".torchscript", ".pt2")
ACCEPTED = (
    "one float input [B, 3, H, W], RGB from 0 to 1, and one output [B, 4 + classes, anchors]: centre x, "
    "centre y, width, height in input pixels and the classes' scores, as YOLO11's exports have them"
)


@dataclass(frozen=True, slots=True)
class TorchNetwork:
    """A detection network on a GPU, half precision, channels last."""

    name: str
    classes: tuple[str, ...]
    input: InputSpec
    gain: tuple[float, float, float]
    """An 8-bit level L of a channel goes in as L * gain + bias."""
    bias: tuple[float, float, float]
    forward: Callable[[Any], Any]
    """[B, 3, H, W] float16 on the device → [B, 4 + classes, anchors] float16: centre x, centre y, width and
    height in input pixels, scores 0 to 1. Launches on the current stream and doesn't wait; the same work for
    every input."""

    def describe(self) -> str:
        """`yolo11s 640×384, PyTorch FP16`."""
        width, height = self.input.size
        return f"{self.name} {width}×{height}, PyTorch FP16"


def from_module(name: str, module: Any, size: Size, classes: Sequence[str]) -> TorchNetwork:
    """A ``torch.nn.Module`` on the current GPU, for RGB from 0 to 1, letterboxed in grey as YOLO11 is."""
    import torch

    module = module.eval().half().cuda().to(memory_format=torch.channels_last)
    spec = InputSpec(size, "RGB", 114, centred=True)
    return TorchNetwork(name, tuple(classes), spec, (1 / 255,) * 3, (0.0,) * 3, module)


def load_network(file: Path) -> TorchNetwork:
    """The network in a file of TorchScript (.torchscript) or torch.export (.pt2), on the current GPU.

    Class names and the input's size come from the metadata that YOLO11's exports carry; without them, from
    the output's shape (80 classes are COCO's) and from what the program was exported with, or 640×640.
    Raises ModelError.
    """
    if not file.is_file():
        raise ModelError(f"model {file}: there is no such file")
    if file.suffix not in SUFFIXES:
        raise ModelError(
            f"model {file}: the name ends in {file.suffix!r}; accepted are {' and '.join(SUFFIXES)}"
        )
    try:
        module, size, names = _exported(file) if file.suffix == ".pt2" else _scripted(file)
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"model {file}: PyTorch can't read it ({_first_line(error)})") from error
    classes = _classes(file, module, size, names)
    return from_module(file.stem, module, size, classes)


def _scripted(file: Path) -> tuple[Any, Size, Sequence[str]]:
    import torch

    extra = {"config.txt": ""}
    module = torch.jit.load(str(file), map_location="cuda", _extra_files=extra)
    about = json.loads(extra["config.txt"] or "{}")
    height, width = about.get("imgsz", (640, 640))
    names = about.get("names", {})
    return module, Size(int(width), int(height)), [names[key] for key in sorted(names, key=int)]


def _exported(file: Path) -> tuple[Any, Size, Sequence[str]]:
    import torch

    program = torch.export.load(file)
    (example,), _ = program.example_inputs
    return program.module(), Size(int(example.shape[3]), int(example.shape[2])), ()


def _classes(file: Path, module: Any, size: Size, names: Sequence[str]) -> tuple[str, ...]:
    """Run the network once to see what comes out."""
    import torch

    try:
        with torch.inference_mode():
            # In single precision, which every program takes; from_module halves it.
            output = module.float().cuda()(torch.zeros((1, 3, size.height, size.width), device="cuda"))
    except RuntimeError as error:
        raise ModelError(f"model {file}: PyTorch can't run it ({_first_line(error)})") from error
    output = output[0] if isinstance(output, (tuple, list)) else output
    count = output.shape[1] - 4 if output.ndim == 3 else 0
    if count < 1 or (names and len(names) != count):
        raise ModelError(f"model {file}: its output is {list(output.shape)}. Accepted: {ACCEPTED}")
    if names:
        return tuple(names)
    return COCO_CLASSES if count == len(COCO_CLASSES) else tuple(f"class {n}" for n in range(count))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
