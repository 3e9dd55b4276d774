"""`camwire deepstream`: the pipeline and its files without DeepStream."""

from __future__ import annotations

from pathlib import Path

import pytest

from camwire.cli import main

CONFIG = """
engine: deepstream
model: {file: /m/yolo11n.onnx}
cameras: [{id: gate, url: "rtsp://user:hidden@192.0.2.1/s"}]
rules: [{type: heatmap, name: heat}]
deepstream: {analytics: nvdsanalytics, preprocess: fp32, mux: new}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "camwire.yaml"
    path.write_text(CONFIG)
    return path


def run(*arguments: str | Path) -> int:
    """The command's exit status."""
    try:
        return main(["deepstream", *map(str, arguments)])
    except SystemExit as ended:
        return int(ended.code or 0)


def test_the_graph_as_text(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("graph", config, "--out", "/run/ds") == 0
    printed = capsys.readouterr().out
    assert "source_0.vsrc_%u ··> mux.sink_0" in printed
    assert "config-file-path = /run/ds/nvinfer.txt" in printed
    assert "hidden" not in printed


def test_the_graph_as_dot(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("graph", config, "--dot") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("digraph deepstream {")
    assert '"demux" -> "latest_0" [taillabel="src_0"];' in printed
    assert printed.count("{") == printed.count("}")


def test_the_files(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "files"
    assert run("files", config, "--out", out) == 0
    names = {
        "labels.txt",
        "nvinfer.txt",
        "nvdspreprocess.txt",
        "nvstreammux.txt",
        "nvtracker.yml",
        "nvdsanalytics.txt",
    }
    assert {path.name for path in out.iterdir()} == names
    assert len((out / "labels.txt").read_text().splitlines()) == 80
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == len(names)
    assert "note: rule 'heat': DeepStream has nothing like `heatmap`" in printed.err


def test_what_is_wrong_is_told(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("cameras: []\n")
    assert run("graph", config) == 2
    assert "has no `engine: deepstream`" in capsys.readouterr().err
    config.write_text(CONFIG.replace("yolo11n.onnx}", "yolo11n.onnx, classes: [lorry]}"))
    assert run("files", config, "--out", tmp_path / "files") == 2
    assert "no class 'lorry'" in capsys.readouterr().err
    assert not (tmp_path / "files").exists()
