"""From what a configuration names to a model."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from camwire.config.detection import BUNDLED_MODEL
from camwire.models.contract import Model
from camwire.models.declared import read_declared
from camwire.models.image import image_input
from camwire.models.recognition import Overrides, chosen_size, recognise, recognise_nanodet
from camwire.models.signature import read_signature

BUNDLED_FILE = Path(str(files("camwire.models") / "weights" / "nanodet_g_416.onnx"))


def file_of(name: str) -> Path:
    """The file of the model that ``name`` means: `nanodet`, which comes with camwire, or a file's path."""
    return BUNDLED_FILE if name == BUNDLED_MODEL else Path(name)


def load_model(file: str, overrides: Overrides = Overrides()) -> Model:  # noqa: B008 - frozen
    """The model that ``file`` names, as :func:`file_of` has it.

    Raises ModelError when there is no such file, camwire can't tell what kind of model it is, or
    ``overrides`` don't fit it.
    """
    path = file_of(file)
    signature = read_signature(path)
    declared = read_declared(path, signature.metadata)
    image = image_input(path, signature)
    nanodet = recognise_nanodet(path, image, signature, overrides)
    if nanodet is not None:
        return nanodet
    size = chosen_size(path, image, declared, overrides.size)
    if any(side < 0 for tensor in signature.outputs for side in tensor.shape):
        sides = (3, size.height, size.width) if image.layout == "NCHW" else (size.height, size.width, 3)
        signature = read_signature(path, (1, *sides))
    return recognise(path, image, signature, declared, size, overrides)
