"""`camwire check` looks into the files that a configuration names."""

from __future__ import annotations

from pathlib import Path

import pytest

from camwire.cli.check import files_beside
from camwire.cli.errors import WRONG_CONFIGURATION, CommandError
from camwire.config import load

NVDS = """[property]
enable=1
config-width=100
config-height=100
osd-mode=2
display-font-size=12
[roi-filtering-stream-0]
enable=1
roi-door=1;2;3;4;5;6
inverse-roi=0
"""
TRACKER = """%YAML:1.0
---
TargetManagement:
  maxTargetsPerStream: 20
"""


def checked(folder: Path, nvds: str = NVDS, tracker: str = TRACKER) -> list[str]:
    (folder / "nvds.txt").write_text(nvds)
    (folder / "tracker.yml").write_text(tracker)
    path = folder / "camwire.yaml"
    path.write_text("cameras: []\nanalytics: {nvdsanalytics: nvds.txt}\ntracker: {config: tracker.yml}\n")
    return files_beside(load(path))


def test_files_that_are_right(tmp_path: Path) -> None:
    assert checked(tmp_path) == []


def test_mistakes_in_both_are_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as raised:
        checked(tmp_path, NVDS.replace("1;2;3;4;5;6", "1;2;3"), TRACKER.replace("20", "many"))
    assert raised.value.exit_status == WRONG_CONFIGURATION
    nvds, tracker = str(raised.value).splitlines()
    assert nvds.startswith(f"{tmp_path}/nvds.txt:9: ")
    assert tracker.startswith(f"{tmp_path}/tracker.yml:4: TargetManagement.maxTargetsPerStream: 'many'")


def test_a_file_for_deepstreams_tracker_alone(tmp_path: Path) -> None:
    """Positions on the ground plane: nvtracker has them, camwire's trackers don't."""
    path = tmp_path / "camwire.yaml"
    (tmp_path / "tracker.yml").write_text("StateEstimator: {stateEstimatorType: 3}\n")
    (tmp_path / "yolo.onnx").write_bytes(b"")
    text = "cameras: []\nmodel: {file: yolo.onnx}\ntracker: {config: tracker.yml}\nengine: deepstream\n"
    path.write_text(text)
    assert not [said for said in files_beside(load(path)) if "tracker.yml" in said]
    for other in (text.replace("deepstream", "native"), f"{text}deepstream: {{tracker: camwire}}\n"):
        path.write_text(other)
        with pytest.raises(CommandError, match="stateEstimatorType: 3 names nothing"):
            files_beside(load(path))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    checked(tmp_path)
    (tmp_path / "nvds.txt").unlink()
    with pytest.raises(CommandError, match=r"nvds\.txt: can't be read"):
        files_beside(load(tmp_path / "camwire.yaml"))


def test_a_model_and_labels_that_are_not_there_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "camwire.yaml"
    path.write_text("cameras: []\nmodel: {file: nope.onnx, labels: names.txt}\ntracker: {config: t.yml}\n")
    with pytest.raises(CommandError) as raised:
        files_beside(load(path))
    assert raised.value.exit_status == WRONG_CONFIGURATION
    assert str(raised.value).splitlines()[:2] == [
        f"model.file: {tmp_path}/nope.onnx: can't be read: No such file or directory",
        f"model.labels: {tmp_path}/names.txt: can't be read: No such file or directory",
    ]
    assert "t.yml" in str(raised.value)
    (tmp_path / "nope.onnx").write_bytes(b"")
    (tmp_path / "names.txt").write_text("cat\n")
    path.write_text("cameras: []\nmodel: {file: nope.onnx, labels: names.txt}\n")
    assert files_beside(load(path)) == []


def test_deepstreams_files_where_that_engine_runs(tmp_path: Path) -> None:
    path = tmp_path / "camwire.yaml"
    text = "cameras: []\nmodel: {file: yolo.onnx}\ndeepstream: {detector_config: nvinfer.txt, parser: p.so}\n"
    (tmp_path / "yolo.onnx").write_bytes(b"")
    path.write_text(text)
    assert files_beside(load(path)) == []
    path.write_text(f"{text}engine: deepstream\n")
    with pytest.raises(CommandError, match=r"^deepstream\.detector_config: .*nvinfer\.txt: can't be read"):
        files_beside(load(path))
    (tmp_path / "nvinfer.txt").write_text("")
    assert f"deepstream.parser: {tmp_path}/p.so is not on this machine" in files_beside(load(path))
