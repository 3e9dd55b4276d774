"""Reading what goes into and comes out of a model's file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openvino

from camwire.models.contract import ModelError, TensorSpec


@dataclass(frozen=True, slots=True)
class Signature:
    """The tensors of a model's file, in the file's order."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def __str__(self) -> str:
        inputs, outputs = (", ".join(map(str, side)) for side in (self.inputs, self.outputs))
        return f"inputs {inputs}; outputs {outputs}"


def read_signature(file: Path) -> Signature:
    """Raises ModelError when ``file`` is missing or is no ONNX model that can be read."""
    if not file.is_file():
        what = "is a folder, not a file" if file.is_dir() else "there is no such file"
        raise ModelError(f"model {file}: {what}")
    if file.suffix.lower() != ".onnx":
        raise ModelError(f"model {file}: the name ends in {file.suffix!r}; accepted are ONNX files (.onnx)")
    try:
        model = openvino.Core().read_model(file)
    except RuntimeError as error:
        raise ModelError(f"model {file}: this is no readable ONNX file ({last_line(error)})") from error
    return Signature(
        inputs=tuple(_spec(port) for port in model.inputs),
        outputs=tuple(_spec(port) for port in model.outputs),
    )


def last_line(error: Exception) -> str:
    """What went wrong, from one of OpenVINO's errors, which begin with places in its own source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _spec(port: Any) -> TensorSpec:
    shape = tuple(-1 if side.is_dynamic else side.get_length() for side in port.partial_shape)
    return TensorSpec(port.any_name, shape, port.element_type.to_dtype().name)
