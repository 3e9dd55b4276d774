"""`camwire models inspect`: what a file is, or what is wrong with it, in a few lines."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from camwire.cli import main
from tests.models.files import save_model
from tests.models.layouts import LAYOUTS

pytestmark = pytest.mark.integration


def inspect(file: Path, *options: str) -> int:
    return run("models", "inspect", str(file), *options)


def run(*arguments: str) -> int:
    """The exit status, whether typer exits by itself or not."""
    try:
        return main(arguments)
    except SystemExit as exit_:
        return int(exit_.code or 0)


def test_says_what_a_file_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = next(layout for layout in LAYOUTS if layout.name == "pose, 2 classes, x and y only")
    assert inspect(save_model(tmp_path / "poses.onnx", layout)) == 0
    said = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if " " in line[:12])
    assert said["task"] == "pose"
    assert "[B, 4+C, A], 2 classes, 4 keypoints of 2 values" in said["read"]
    assert said["read"].endswith("told from its metadata")
    assert said["input"].startswith("float32 NCHW 96×64, RGB, letterboxed in the middle, batches of 1")
    assert said["classes"] == "2: kind 0, kind 1"
    assert said["on"].startswith("cpu")
    assert "openvino" in said["on"]


def test_overrides_are_heeded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = next(layout for layout in LAYOUTS if layout.name == "pose")
    file, labels = save_model(tmp_path / "net.onnx", layout), tmp_path / "labels.txt"
    labels.write_text("\n".join(f"thing {n}" for n in range(52)))
    assert inspect(file, "--task", "detect", "--labels", str(labels)) == 0
    out = capsys.readouterr().out
    assert "52: thing 0, thing 1" in out
    assert "told from the configuration" in out


@pytest.mark.parametrize(
    ("options", "status", "what"),
    [
        (["--size", "320x320"], 1, "its input is fixed at 96×64, so model.input_size can't be 320×320"),
        (["--size", "big"], 2, "--size big: not WIDTHxHEIGHT, for example 640x384"),
        (["--task", "segment"], 1, "task segment, but there are no prototypes"),
        (["--labels", "none.txt"], 1, "labels none.txt: can't be read: No such file"),
    ],
)
def test_what_is_wrong_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], status: int, what: str
) -> None:
    file = save_model(tmp_path / "net.onnx", LAYOUTS[0])
    assert inspect(file, *options) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("camwire: ")
    assert what in captured.err
    assert captured.err.count("\n") == 1


def test_detect_tells_keypoints_masks_and_corners(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "grey.png"
    cv2.imwrite(str(picture), np.full((64, 96, 3), 128, np.uint8))
    for name, key, shape in (
        ("pose", "keypoints", (17, 3)),
        ("oriented", "corners", (4, 2)),
        ("segment", "mask", (64,)),
    ):
        layout = next(layout for layout in LAYOUTS if layout.name == name)
        file = save_model(tmp_path / f"{name}.onnx", layout)
        options = "--json", "--model", str(file), "--runtime", "onnxruntime"
        assert run("detect", str(picture), *options) == 0
        (line,) = capsys.readouterr().out.splitlines()
        objects = json.loads(line)["objects"]
        assert objects
        assert np.shape(objects[0][key]) == shape
