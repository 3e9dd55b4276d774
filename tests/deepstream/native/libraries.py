"""Compiles camwire's libraries for DeepStream and the tests' harness, once."""

from __future__ import annotations

import shutil
import subprocess
from ctypes import CDLL, RTLD_GLOBAL
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import missing_package
from tests.support.once import made_once

SOURCES = Path(__file__).resolve().parents[3] / "deepstream"
HARNESS = Path(__file__).with_name("harness.cpp")
PARSER = "libcamwire_parser.so"


@dataclass(frozen=True)
class Libraries:
    parser: Path
    metadata: Path
    harness: CDLL


_built: list[Libraries] = []


def libraries(temporary: pytest.TempPathFactory) -> Libraries:
    """The libraries, compiled as CMakeLists.txt says against the minimal header."""
    if not _built:
        for tool in ("cmake", "c++"):
            if shutil.which(tool) is None:
                missing_package(tool, "apt-get install cmake g++")
        _built.append(_load(made_once(temporary, "deepstream-libraries", _build)))
    return _built[0]


def _build(folder: Path) -> None:
    _run("cmake", "-S", str(SOURCES), "-B", str(folder), "-DCAMWIRE_MINIMAL_HEADERS=ON")
    _run("cmake", "--build", str(folder))
    parser, harness = str(folder / PARSER), str(folder / "libharness.so")
    include = f"-I{SOURCES / 'minimal'}"
    _run("c++", "-std=c++17", "-fPIC", "-shared", include, str(HARNESS), parser, "-o", harness)


def _load(folder: Path) -> Libraries:
    CDLL(str(folder / PARSER), mode=RTLD_GLOBAL)
    return Libraries(folder / PARSER, folder / "libcamwire_metadata.so", CDLL(str(folder / "libharness.so")))


def _run(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    assert "warning:" not in result.stderr, result.stderr
