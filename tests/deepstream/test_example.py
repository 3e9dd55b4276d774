"""examples/deepstream_tensors.py, with NumPy in the place of CuPy."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.deepstream.clips import box_clip
from tests.deepstream.conftest import Rig
from tests.deepstream.desired import camera, deepstream, desired
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setitem(sys.modules, "cupy", np)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delitem(sys.modules, "deepstream_tensors", raising=False)
    return importlib.import_module("deepstream_tensors")


def test_a_dark_camera_is_told(native_rig: Rig, tmp_path: Path, example: ModuleType) -> None:
    box_clip(tmp_path / "bright.mp4")
    box_clip(tmp_path / "dark.mp4", background=0, box=0)
    settings = deepstream(preprocess="fp16", tensor_function="deepstream_tensors:watch")
    cameras = (camera(name, str(tmp_path / f"{name}.mp4")) for name in ("bright", "dark"))
    native_rig.engine.apply(desired(*cameras, settings=settings))
    wait_for(lambda: example.dark == {"dark"}, "the dark camera")
    native_rig.wait_for_pictures("bright", 10)
    assert example.dark == {"dark"}
