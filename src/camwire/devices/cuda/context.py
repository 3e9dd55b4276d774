"""One GPU, made ready before anything else in the process touches CUDA."""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from typing import Any

from camwire.devices import DeviceError
from camwire.devices.cuda.driver import loaded

BLOCKING_SYNC = 4
"""CU_CTX_SCHED_BLOCKING_SYNC: FFmpeg wants the primary context with it, and refuses one that differs."""
NEEDED = {"cupy": "CuPy", "torch": "PyTorch"}
INSTALL = "pip install 'camwire[cuda]'"
_CONTEXT_ACTIVE = 708  # CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE


@cache
def open_context(index: int) -> None:
    """Make GPU ``index`` ready. Raises DeviceError, which says what is missing and how to get it.

    Must come before CuPy, PyTorch or FFmpeg use the GPU: the flags of its primary context are set here.
    """
    driver = loaded()
    device = _device(driver, index)
    missing = [name for module, name in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise DeviceError(f"device 'cuda:{index}' needs {' and '.join(missing)}; add them with: {INSTALL}")
    _check_decoder()
    status = driver.cuDevicePrimaryCtxSetFlags_v2(device, BLOCKING_SYNC)
    if status == _CONTEXT_ACTIVE and _flags(driver, device) != BLOCKING_SYNC:
        raise DeviceError(
            f"device 'cuda:{index}' was already in use in this process, set up in a way in which FFmpeg "
            "can't decode; open camwire's device before anything else uses CUDA"
        )
    if status not in (0, _CONTEXT_ACTIVE):
        raise DeviceError(f"device 'cuda:{index}' can't be set up (CUDA error {status})")


def count_gpus() -> int:
    """GPUs that the driver knows. Raises DeviceError."""
    count = ctypes.c_int()
    loaded().cuDeviceGetCount(ctypes.byref(count))
    return count.value


def bus_of(index: int) -> str:
    """The GPU's PCI address, `0000:3B:00.0`; nothing where the driver doesn't say. Raises DeviceError."""
    driver = loaded()
    said = ctypes.create_string_buffer(16)
    driver.cuDeviceGetPCIBusId(said, len(said), _device(driver, index))
    return said.value.decode("ascii", "replace")


def _device(driver: Any, index: int) -> int:
    count, device = ctypes.c_int(), ctypes.c_int()
    driver.cuDeviceGetCount(ctypes.byref(count))
    if not 0 <= index < count.value:
        names = ", ".join(f"cuda:{n}" for n in range(count.value)) or "none"
        raise DeviceError(f"there is no device 'cuda:{index}'; here are: {names}")
    driver.cuDeviceGet(ctypes.byref(device), index)
    return device.value


def _flags(driver: Any, device: int) -> int:
    flags, active = ctypes.c_uint(), ctypes.c_int()
    driver.cuDevicePrimaryCtxGetState(device, ctypes.byref(flags), ctypes.byref(active))
    return flags.value


def _check_decoder() -> None:
    import av
    from av.codec.hwaccel import hwdevices_available

    if "cuda" not in hwdevices_available():
        raise DeviceError(
            "this PyAV can't decode on NVIDIA GPUs; take its own wheel: pip install --force-reinstall av"
        )
    if not hasattr(av.VideoFrame, "sw_format"):
        raise DeviceError(
            f"PyAV {av.__version__} is too old for CUDA devices; take 19 or newer: pip install -U av"
        )
