"""Files of TorchScript and torch.export: read, tried out, and told what they mean."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import PickleError
from typing import Any
from zipfile import BadZipFile

from camwire.frames import Size
from camwire.models import Overrides
from camwire.models.contract import Graph, Model, ModelError, TensorSpec
from camwire.models.declared import read_declared
from camwire.models.image import ImageInput
from camwire.models.recognition import chosen_size, recognise, recognise_nanodet
from camwire.models.signature import Signature
from camwire.runtimes.compiler import keep_what_is_compiled
from camwire.runtimes.exported import ready
from camwire.runtimes.network import Forward

SUFFIXES = (".torchscript", ".pt2")
UNREADABLE = (
    RuntimeError, OSError, ValueError, TypeError, LookupError, AttributeError, AssertionError, EOFError,
    BadZipFile, PickleError,
)  # fmt: skip
"""What torch.export raises for files that are cut short or say something else: whatever its parts raise."""
USUAL = Size(640, 640)
IN_SCRIPT = "The following operation failed in the TorchScript interpreter."


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """A program on a device, in single precision, which every program takes."""

    file: Path
    module: Any
    device: str
    size: Size | None
    """Of the pictures that it was exported with; None for TorchScript, which doesn't say."""
    pictures: int
    """A number of them that it takes at once, if it takes any."""
    metadata: Mapping[str, str]

    def shapes(self, size: Size) -> list[tuple[int, ...]]:
        """Of what it says of pictures of that size. Raises ModelError where it doesn't take them."""
        import torch

        try:
            outputs = tensors_of(self._said(self.module, self.pictures, size))
        except torch.AcceleratorError:
            raise  # of the GPU's, not of the program's
        except (RuntimeError, AssertionError, torch.jit.Error) as error:
            pictures = f"pictures of {size.width}×{size.height} ({_because(error)})"
            if self.size not in (None, size):
                pictures += "; it was exported for {}×{}".format(*self.size)
            raise ModelError(f"model {self.file}: PyTorch can't run it on {pictures}") from error
        return [tuple(output.shape) for output in outputs]

    def most_at_once(self, batch: int, graph: Graph) -> int | None:
        """How many pictures a run may take for each of the outputs that ``graph`` names to say something of
        each: any number up to ``batch``, or else so many. Raises ModelError where there is none."""
        if self._takes(1, graph) and self._takes(batch, graph):
            return None
        halves = [batch >> bits for bits in range(batch.bit_length())]
        most = next((count for count in (*halves, self.pictures) if self._takes(count, graph)), None)
        if most is None:
            raise ModelError(f"model {self.file}: its outputs aren't one for each picture")
        return most

    def _takes(self, count: int, graph: Graph) -> bool:
        import torch

        says = picked(self.module, [tensor.name for tensor in graph.outputs])
        if isinstance(self.module, torch.jit.ScriptModule):
            # It may have the one picture written into it with which it was traced; two show that.
            return self._says_of(min(count, 2), says, graph.input.size)
        return self._lets_in(count, says, graph.input.size)

    def _says_of(self, count: int, says: Forward, size: Size) -> bool:
        import torch

        try:
            said = self._said(says, count, size)
        except (torch.AcceleratorError, torch.OutOfMemoryError):
            raise  # of the GPU's, not of the program's
        except (RuntimeError, torch.jit.Error):
            return False
        return {len(output) for output in said} == {count}

    def _said(self, says: Callable[[Any], Any], count: int, size: Size) -> Any:
        """Of so many black pictures."""
        import torch

        from camwire.runtimes.tracing import said_as_written

        return said_as_written(says, torch.zeros((count, 3, size.height, size.width), device=self.device))

    def _lets_in(self, count: int, says: Forward, size: Size) -> bool:
        """What torch.export wrote down of the sizes that a program takes is asked; nothing is computed."""
        import torch
        from torch._subclasses import FakeTensorMode

        with FakeTensorMode(allow_non_fake_inputs=True), torch.inference_mode():
            images = torch.empty((count, 3, size.height, size.width), device=self.device)
            try:
                said = says(images)
            except AssertionError:
                return False
            except RuntimeError:
                # It let them in; what can't be followed without numbers, a run will show.
                return True
        return {len(output) for output in said} == {count}


def read_program_file(file: Path, device: str) -> ProgramFile:
    """The program in ``file`` on ``device``: `cpu`, `cuda`. Raises ModelError."""
    if not file.is_file():
        raise ModelError(f"model {file}: there is no such file")
    if file.suffix not in SUFFIXES:
        raise ModelError(
            f"model {file}: the name ends in {file.suffix!r}; accepted are {' and '.join(SUFFIXES)}"
        )
    keep_what_is_compiled()
    import torch

    try:
        return _exported(file, device) if file.suffix == ".pt2" else _scripted(file, device)
    except torch.AcceleratorError:
        raise  # of the GPU's, not of the file's
    except UNREADABLE as error:
        raise ModelError(f"model {file}: PyTorch can't read it ({_because(error)})") from error


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


def _scripted(file: Path, device: str) -> ProgramFile:
    import torch

    extra = {"config.txt": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript as a whole is on its way out
        module = torch.jit.load(str(file), map_location=device, _extra_files=extra).eval().float()
    about = json.loads(extra["config.txt"] or "{}")
    if isinstance(names := about.get("names"), dict):
        # JSON has no other keys than text.
        about["names"] = {int(number): name for number, name in names.items()}
    metadata = {key: str(value) for key, value in about.items()}
    return ProgramFile(file, module, device, None, 1, metadata)


def _exported(file: Path, device: str) -> ProgramFile:
    import torch
    from torch.export.passes import move_to_device_pass

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about its own way of reading tensors
        program = move_to_device_pass(torch.export.load(file), device)
    (example,), _ = program.example_inputs
    pictures, _, height, width = map(int, example.shape)
    return ProgramFile(file, ready(program).float().to(device), device, Size(width, height), pictures, {})


def _because(error: Exception) -> str:
    """The line that says what is wrong: the first, or the last of TorchScript's own traceback."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[-1] if lines[0] == IN_SCRIPT else lines[0]
