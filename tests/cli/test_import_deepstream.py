"""`camwire import-deepstream`: files in, a configuration that `camwire check` passes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from camwire.cli import main
from tests.deepstream.importing.applications import write_application, write_yaml_application

SECRET = "swordfish"


def run(*arguments: str | Path) -> int:
    try:
        return main([*map(str, arguments)])
    except SystemExit as ended:
        return int(ended.code or 0)


def test_writes_what_check_passes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "camwire.yaml"
    assert run("import-deepstream", write_application(tmp_path), "--out", out) == 0
    said = capfd.readouterr()
    assert f"wrote {out}: 6 cameras; 16 remarks" in said.out
    assert "application.txt:19: [source0] smart-record" in said.out
    for name in ("models/yolo11n.onnx", "configs/labels.txt"):  # that the application wants besides
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert run("check", out) == 0
    assert "cameras  5 and 1 disabled" in capfd.readouterr().out


def test_passwords_are_written_and_never_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "camwire.yaml"
    assert run("import-deepstream", write_yaml_application(tmp_path), "--out", out) == 0
    said = capfd.readouterr()
    assert SECRET in out.read_text()
    assert SECRET not in said.out + said.err
    assert out.stat().st_mode & 0o077 == 0


def test_no_password_in_a_mistake(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.txt"
    url = f"rtsp://u:{SECRET} {SECRET}{'x' * 60}@h/a"
    for line in (url, f"latency={url}", f"uri=foo{url}\nx", f"enable={url}", f"uri={url}\ntype={url}"):
        file.write_text(f"[source0]\n{line}\n")
        assert run("import-deepstream", file, "--out", tmp_path / "out.yaml") == 2
        said = capfd.readouterr()
        assert f"{file}:" in said.err
        assert "nothing is written" in said.err
        assert SECRET not in said.out + said.err
    assert not (tmp_path / "out.yaml").exists()


def test_replaces_no_file_unasked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    application, out = write_yaml_application(tmp_path), tmp_path / "camwire.yaml"
    out.write_text("mine")
    assert run("import-deepstream", application, "--out", out) == 2
    assert "--force" in capfd.readouterr().err
    assert out.read_text() == "mine"
    assert run("import-deepstream", application, "--out", out, "--force") == 0
    assert out.read_text() != "mine"


def test_for_the_deepstream_engine(tmp_path: Path) -> None:
    out = tmp_path / "camwire.yaml"
    assert run("import-deepstream", write_application(tmp_path), "--out", out, "--engine", "deepstream") == 0
    assert "engine: deepstream\n" in out.read_text()


def test_where_it_cannot_write(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "none" / "camwire.yaml"
    assert run("import-deepstream", write_yaml_application(tmp_path), "--out", out) == 1
    assert "can't be written" in capfd.readouterr().err
