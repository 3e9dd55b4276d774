"""Two ways to run the kernels: on a GPU, or built for the CPU by a C++ compiler."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np

from camwire.devices.cuda import program

_C_TYPES = {np.int32: ctypes.c_int, np.float32: ctypes.c_float}


class Memory:
    """An array where the kernels can reach it."""

    def __init__(self, array, address, fetch):
        self.address, self._keep, self.fetch = np.uint64(address), array, fetch


def compile_for_host(compiler: str, folder: Path) -> None:
    """Every kernel's library for `HostRunner`."""
    for name in program.SOURCES:
        code, library = folder / f"{name}.cpp", folder / f"{name}.so"
        code.write_text(program.source(name))
        subprocess.run(
            [compiler, "-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Werror", "-shared", "-fPIC",
             "-DCAMWIRE_HOST", "-o", str(library), str(code)],
            check=True,
        )  # fmt: skip


class HostRunner:
    """Blocks and threads one after the other, compiled with CAMWIRE_HOST."""

    def __init__(self, folder: Path) -> None:
        self._libraries = {name: ctypes.CDLL(str(folder / f"{name}.so")) for name in program.SOURCES}

    def put(self, array: np.ndarray) -> Memory:
        own = np.ascontiguousarray(array).copy()
        return Memory(own, own.ctypes.data, lambda: own)

    def run(self, file: str, name: str, grid: tuple[int, ...], *arguments) -> None:
        library = self._libraries[file]
        passed = [
            ctypes.c_void_p(int(value.address))
            if isinstance(value, Memory)
            else _C_TYPES[type(value)](value.item())
            for value in arguments
        ]
        for block in np.ndindex(*(*grid, 1, 1, 1)[:3]):
            library.set_block(*map(int, block))
            getattr(library, name)(*passed)


class GpuRunner:
    def put(self, array: np.ndarray) -> Memory:
        import cupy

        if not array.size:
            nothing = cupy.zeros(8, np.uint8)  # an address all the same
            return Memory(nothing, nothing.data.ptr, array.copy)
        own = cupy.asarray(np.ascontiguousarray(array).view(np.uint8).reshape(-1))
        return Memory(own, own.data.ptr, lambda: own.get().view(array.dtype).reshape(array.shape))

    def run(self, file: str, name: str, grid: tuple[int, ...], *arguments) -> None:
        import cupy

        stream = cupy.cuda.Stream(non_blocking=True)
        cupy.cuda.Device().synchronize()
        passed = tuple(value.address if isinstance(value, Memory) else value for value in arguments)
        program.launch(file, name, grid, passed, stream)
        stream.synchronize()
