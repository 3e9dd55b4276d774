"""From what a configuration names to a model."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from camwire.config.detection import BUNDLED_MODEL
from camwire.models import nanodet
from camwire.models.contract import Model
from camwire.models.signature import read_signature

BUNDLED_FILE = Path(str(files("camwire.models") / "weights" / "nanodet_g_416.onnx"))


def load_model(file: str) -> Model:
    """The model that ``file`` names: `nanodet`, which comes with camwire, or the path of a NanoDet in ONNX.

    Raises ModelError when there is no such file or camwire doesn't know its kind of model.
    """
    path = BUNDLED_FILE if file == BUNDLED_MODEL else Path(file)
    return nanodet.recognise(path, read_signature(path))
