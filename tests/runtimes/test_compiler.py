"""Whether kernels can be compiled here, and what is missing."""

import sysconfig
from pathlib import Path

import pytest

from camwire.runtimes import compiler


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with Triton and nothing else; returns the folder that programs are looked for in."""
    monkeypatch.setattr(compiler, "find_spec", lambda name: object())
    monkeypatch.setattr(sysconfig, "get_paths", lambda scheme: {"include": str(tmp_path / "include")})
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_what_is_missing_is_named_one_after_the_other(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiler.missing() == "a C compiler, which Triton wants"
    gcc = bare / "gcc"
    gcc.touch(mode=0o755)
    header = bare / "include" / "Python.h"
    assert compiler.missing() == f"Python's headers ({header}), which Triton wants"
    header.parent.mkdir()
    header.touch()
    assert compiler.missing() is None
    assert compiler.compiler() == str(gcc)
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    assert compiler.missing() == "Triton, which comes with PyTorch on Linux"


def test_the_compiler_that_the_environment_names_comes_first(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare / "clang").touch(mode=0o755)
    assert compiler.compiler() == str(bare / "clang")
    monkeypatch.setenv("CC", "/opt/cc")
    assert compiler.compiler() == "/opt/cc"


def test_of_debians_python_the_headers_are_those_of_the_system(bare: Path, monkeypatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sysconfig, "get_default_scheme", lambda: "posix_local")
    monkeypatch.setattr(sysconfig, "get_paths", lambda scheme: asked.append(scheme) or {"include": str(bare)})
    (bare / "gcc").touch(mode=0o755)
    (bare / "Python.h").touch()
    assert compiler.missing() is None
    assert set(asked) == {"posix_prefix"}
