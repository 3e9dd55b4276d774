"""A model's input: which axis is what, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from camwire.frames import Size
from camwire.models.contract import ModelError, TensorSpec
from camwire.models.signature import Signature

ACCEPTED_INPUT = (
    "one input of float32 or float16, [B, 3, H, W] or [B, H, W, 3], of which B, H and W may be dynamic"
)


@dataclass(frozen=True, slots=True)
class ImageInput:
    """The pictures that go into a model."""

    tensor: TensorSpec
    layout: Literal["NCHW", "NHWC"]
    size: Size | None
    """None where the file leaves width or height open."""
    batch: int | None
    """None for any."""


def image_input(file: Path, signature: Signature) -> ImageInput:
    """Raises ModelError for anything but pictures of three channels."""
    if len(signature.inputs) != 1:
        raise _refused(file, f"{len(signature.inputs)} inputs", signature)
    (tensor,) = signature.inputs
    if tensor.dtype not in ("float32", "float16"):
        raise _refused(file, f"an input of {tensor.dtype}", signature)
    match tensor.shape:
        case (batch, 3, height, width):
            return ImageInput(tensor, "NCHW", _size(width, height), _batch(batch))
        case (batch, height, width, 3):
            return ImageInput(tensor, "NHWC", _size(width, height), _batch(batch))
        case (_, channels, height, width) if 0 < channels < 16:
            raise _refused(file, f"an input of {channels} channels where 3 are fed", signature)
        case _:
            raise _refused(file, "an input that is no picture of 3 channels", signature)


def on_grid(size: Size, stride: int) -> bool:
    """Whether both sides are multiples of ``stride``."""
    return size.width % stride == 0 and size.height % stride == 0


def _size(width: int, height: int) -> Size | None:
    return Size(width, height) if width > 0 and height > 0 else None


def _batch(batch: int) -> int | None:
    return batch if batch > 0 else None


def _refused(file: Path, what: str, signature: Signature) -> ModelError:
    return ModelError(f"model {file}: it has {what}. Found: {signature}. Accepted: {ACCEPTED_INPUT}")
