"""A few calls of NVIDIA's driver (cuda.h), for processes without CuPy, which takes a second to import."""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from typing import Any

from camwire.devices import DeviceError

HANDLE_SIZE = 64
"""Bytes of a CUipcMemHandle."""
LAZY_PEER_ACCESS = 1
"""CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS, the only flag there is."""


class _Handle(ctypes.Structure):
    _fields_ = (("content", ctypes.c_ubyte * HANDLE_SIZE),)


def loaded() -> Any:
    """The driver's library. Raises DeviceError where there is none or it finds no GPU."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        raise DeviceError("NVIDIA's driver is not installed (libcuda.so.1 is missing)") from None
    status = driver.cuInit(0)
    if status != 0:
        raise DeviceError(
            f"NVIDIA's driver finds no GPU that it can use (CUDA error {status}); see nvidia-smi"
        )
    return driver


class Context:
    """The primary context of a GPU, which FFmpeg, CuPy and PyTorch share in a process.

    Its methods may be called by any thread; they give up the interpreter's lock and raise DeviceError.
    """

    def __init__(self, index: int) -> None:
        """The GPU has been made ready (``context.open_context``)."""
        self._name = f"cuda:{index}"
        self._driver = loaded()
        self._current = threading.local()
        device, self._context = ctypes.c_int(), ctypes.c_void_p()
        self._call("cuDeviceGet", ctypes.byref(device), index)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(self._context), device)

    def use(self) -> None:
        """Make it the calling thread's."""
        if not getattr(self._current, "is_set", False):
            self._call("cuCtxSetCurrent", self._context)
            self._current.is_set = True

    def free_memory(self) -> int:
        """Bytes of the GPU's memory that nobody has."""
        self.use()
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        return free.value

    def open_memory(self, handle: bytes) -> int:
        """The address here of another process's memory; to be closed."""
        self.use()
        address = ctypes.c_uint64()
        content = _Handle.from_buffer_copy(handle)
        self._call("cuIpcOpenMemHandle_v2", ctypes.byref(address), content, ctypes.c_uint(LAZY_PEER_ACCESS))
        return address.value

    def close_memory(self, address: int) -> None:
        self.use()
        self._call("cuIpcCloseMemHandle", ctypes.c_uint64(address))

    def copy(self, target: int, source: int, size: int) -> None:
        """Copy within the device, behind what the default stream does already; return when it is done."""
        self.use()
        self._call(
            "cuMemcpyDtoDAsync_v2",
            ctypes.c_uint64(target),
            ctypes.c_uint64(source),
            ctypes.c_size_t(size),
            None,
        )
        self._call("cuStreamSynchronize", None)

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._driver, name)(*arguments)
        if status != 0:
            raise DeviceError(f"{self._name}: {name} failed (CUDA error {status})")


@cache
def context_of(index: int) -> Context:
    """The one context of a GPU."""
    return Context(index)
