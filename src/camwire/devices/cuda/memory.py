"""Memory that is taken once and used again: pinned on the host, and on the device."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from camwire.frames import UInt8Array

_GROWTH = 1.5
"""What is too small is replaced by more than is needed at once, so that it is rarely replaced."""


class Pinned:
    """Host memory that the GPU copies from and to without the driver's help."""

    def __init__(self, size: int) -> None:
        import cupy

        self._memory: Any = cupy.cuda.alloc_pinned_memory(max(size, 1))
        self.bytes: UInt8Array = np.frombuffer(self._memory, np.uint8, size)
        """[size], writable."""

    @property
    def address(self) -> int:
        return int(self._memory.ptr)


_new_bytes = ctypes.PyDLL(None).PyBytes_FromStringAndSize
_new_bytes.restype, _new_bytes.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_ssize_t)


LONG = 1 << 20
"""Bytes whose copy takes longer than waiting for the GIL does, beside dozens of cameras' threads."""


def bytes_at(address: int, size: int) -> bytes:
    """A copy of ``size`` bytes of the host's memory. Long ones are made without the GIL."""
    if size < LONG:
        copied: bytes = _new_bytes(address, size)
        return copied
    made: bytes = _new_bytes(None, size)
    ctypes.memmove(ctypes.cast(ctypes.c_char_p(made), ctypes.c_void_p), address, size)
    return made


class DeviceMemory:
    """Bytes on the current device, from CuPy's pool."""

    def __init__(self, size: int) -> None:
        import cupy

        self._memory: Any = cupy.cuda.alloc(max(size, 1))
        self.size = size

    @property
    def address(self) -> int:
        return int(self._memory.ptr)

    def upload(self, source: Pinned, size: int, stream: int) -> None:
        """Copy the first ``size`` bytes; both must stay until ``stream`` has come this far."""
        from cupy.cuda import runtime

        runtime.memcpyAsync(self.address, source.address, size, runtime.memcpyHostToDevice, stream)

    def download(self, target: Pinned, size: int, stream: int) -> None:
        """Copy the first ``size`` bytes; they are there when ``stream`` has come this far."""
        from cupy.cuda import runtime

        runtime.memcpyAsync(target.address, self.address, size, runtime.memcpyDeviceToHost, stream)

    def clear(self, size: int, stream: int) -> None:
        """Fill the first ``size`` bytes with zeros; they are when ``stream`` has come this far."""
        from cupy.cuda import runtime

        runtime.memsetAsync(self.address, 0, size, stream)


def with_room(memory: DeviceMemory, size: int) -> DeviceMemory:
    """The memory, or one with room for ``size`` bytes instead, where what was in it is lost. Nothing may be
    using it."""
    return memory if memory.size >= size else DeviceMemory(int(size * _GROWTH))


class Workspace:
    """A pinned buffer and one on the device, of the same size, for what goes up with every batch."""

    def __init__(self) -> None:
        self.host, self.device = Pinned(0), DeviceMemory(0)

    def reserve(self, size: int) -> None:
        """Make room for ``size`` bytes; what was in it is lost. Nothing may be using it."""
        if self.device.size < size:
            self.host, self.device = Pinned(int(size * _GROWTH)), DeviceMemory(int(size * _GROWTH))
