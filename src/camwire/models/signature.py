"""Reading what goes into and comes out of a model's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from camwire.models.contract import ModelError, TensorSpec

if TYPE_CHECKING:
    import openvino

SUFFIXES = {".onnx": "ONNX", ".xml": "OpenVINO", ".tflite": "TFLite"}
"""Kinds of files that are read here."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The tensors of a model's file, in the file's order, and what it says about itself."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    quantised: bool = False
    """Whether parts of it are in 8 bits."""

    def __str__(self) -> str:
        inputs, outputs = (", ".join(map(str, side)) for side in (self.inputs, self.outputs))
        return f"inputs {inputs or 'none'}; outputs {outputs or 'none'}"


OPENVINO_ERRORS = (RuntimeError, UnicodeDecodeError)
"""The second hides the first: its message quotes bytes of a damaged file, which are no text."""


def read_signature(file: Path, shape: Sequence[int] | None = None) -> Signature:
    """With ``shape``, that of the only input, the outputs have the shapes that follow from it.

    Raises ModelError when ``file`` is missing or is no model that can be read, or ``shape`` doesn't fit.
    """
    if not file.is_file():
        what = "is a folder, not a file" if file.is_dir() else "there is no such file"
        raise ModelError(f"model {file}: {what}")
    kind = SUFFIXES.get(file.suffix.lower())
    if kind is None:
        accepted = ", ".join(f"{name} files ({suffix})" for suffix, name in SUFFIXES.items())
        raise ModelError(f"model {file}: the name ends in {file.suffix!r}; accepted are {accepted}")
    import openvino  # here, since programs for PyTorch on GPUs do without it

    try:
        model = openvino.Core().read_model(file)
    except OPENVINO_ERRORS as error:
        reason = last_line(error).removeprefix("-- ")
        unknown = "No conversion rule found for operations: "
        if reason.startswith(unknown):
            operations = reason.removeprefix(unknown)
            raise ModelError(f"model {file}: operations that OpenVINO doesn't know: {operations}") from error
        raise ModelError(f"model {file}: this is no readable {kind} file ({reason})") from error
    if shape is not None:
        _reshape(model, file, shape)
    return Signature(
        inputs=tuple(_spec(port) for port in model.inputs),
        outputs=tuple(_spec(port) for port in model.outputs),
        metadata={**_own_metadata(model), **_metadata_beside(file)},
        quantised=any(operation.get_type_name() == "FakeQuantize" for operation in model.get_ops()),
    )


def last_line(error: Exception) -> str:
    """What went wrong, from one of OpenVINO's errors, which begin with places in its own source."""
    text = error.object.decode(errors="replace") if isinstance(error, UnicodeDecodeError) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _reshape(model: openvino.Model, file: Path, shape: Sequence[int]) -> None:
    try:
        model.reshape(list(shape))
    except OPENVINO_ERRORS as error:
        raise ModelError(
            f"model {file}: it can't take an input of {list(shape)} ({last_line(error)})"
        ) from error


def _spec(port: Any) -> TensorSpec:
    rank = port.partial_shape.rank
    sides = () if rank.is_dynamic else port.partial_shape
    shape = tuple(-1 if side.is_dynamic else side.get_length() for side in sides)
    name = port.any_name if port.names else port.node.friendly_name
    return TensorSpec(name, shape, port.element_type.to_dtype().name)


def _own_metadata(model: openvino.Model) -> dict[str, str]:
    """What OpenVINO keeps of an ONNX file's metadata, also when it has been saved in its own format."""
    if not model.has_rt_info("framework"):
        return {}
    keys = model.get_rt_info("framework").value
    found = {key: model.get_rt_info(["framework", key]).value for key in keys}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _metadata_beside(file: Path) -> dict[str, str]:
    """The `metadata.yaml` that Ultralytics' exporter puts beside an OpenVINO model."""
    beside = file.with_name("metadata.yaml")
    if file.suffix.lower() != ".xml" or not beside.is_file():
        return {}
    try:
        data = YAML(typ="safe", pure=True).load(beside)
    except (YAMLError, UnicodeDecodeError) as error:
        raise ModelError(f"model {file}: {beside} is no readable YAML ({last_line(error)})") from error
    return {str(key): str(value) for key, value in data.items()} if isinstance(data, dict) else {}
