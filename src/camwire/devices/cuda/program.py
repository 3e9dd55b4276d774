"""The CUDA kernels: compiled once for the chip at hand, cached on disk by CuPy."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

THREADS = 256
"""Threads a block, in every kernel (kernels/common.cuh)."""
SOURCES = ("preprocess", "draw", "boxes", "masks", "jpeg")
_OPTIONS = ("-std=c++17",)


def source(name: str) -> str:
    """``kernels/NAME.cu`` with its includes in it: CuPy's cache goes by the text it is given."""
    folder = files("camwire.devices.cuda") / "kernels"

    def included(found: re.Match[str]) -> str:
        return (folder / found[1]).read_text("utf-8").replace("#pragma once\n", "")

    return re.sub(r'#include "(.+)"\n', included, (folder / f"{name}.cu").read_text("utf-8"))


@cache
def kernel(file: str, name: str) -> Any:
    """The kernel ``name`` of ``kernels/FILE.cu`` for the current device, a ``cupy.RawKernel``.

    Takes a second or two the first time on a machine. Raises ``cupy.cuda.compiler.CompileException``.
    """
    import cupy

    return cupy.RawModule(code=source(file), options=_OPTIONS).get_function(name)


class _Foreign:
    """Another library's stream, as CuPy takes them."""

    def __init__(self, pointer: int) -> None:
        self._pointer = pointer

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self._pointer


def foreign_stream(pointer: int) -> Any:
    """A ``cudaStream_t`` of another library for ``launch``. Whoever made the stream keeps it."""
    import cupy

    return cupy.cuda.Stream.from_external(_Foreign(pointer))


def launch(file: str, name: str, grid: tuple[int, ...], arguments: tuple[Any, ...], stream: Any) -> None:
    """Start a kernel on ``stream``, a ``cupy.cuda.Stream``, and return at once.

    ``arguments``: numpy scalars of the kernel's types; addresses are ``numpy.uint64``.
    """
    with stream:
        kernel(file, name)(grid, (THREADS,), arguments)
