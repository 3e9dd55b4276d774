"""nvJPEG's C interface, through ctypes: calls release the GIL."""

from __future__ import annotations

import ctypes
import sysconfig
from ctypes import POINTER, byref, c_int, c_size_t, c_void_p
from functools import lru_cache
from pathlib import Path

from camwire.devices import DeviceError

NAMES = ("libnvjpeg.so.13", "libnvjpeg.so.12", "libnvjpeg.so")
CSS_420 = 2
"""NVJPEG_CSS_420."""
FAULTS = {
    1: "not initialised",
    2: "a parameter is invalid",
    5: "no device memory left",
    6: "a kernel failed",
    7: "built for another architecture",
    8: "an internal error",
    9: "not implemented",
}


class Image(ctypes.Structure):
    """``nvjpegImage_t``."""

    _fields_ = (("channel", c_void_p * 4), ("pitch", c_size_t * 4))


_SIGNATURES = {
    "nvjpegCreateSimple": (POINTER(c_void_p),),
    "nvjpegEncoderStateCreate": (c_void_p, POINTER(c_void_p), c_void_p),
    "nvjpegEncoderParamsCreate": (c_void_p, POINTER(c_void_p), c_void_p),
    "nvjpegEncoderParamsSetQuality": (c_void_p, c_int, c_void_p),
    "nvjpegEncoderParamsSetSamplingFactors": (c_void_p, c_int, c_void_p),
    "nvjpegEncodeYUV": (c_void_p, c_void_p, c_void_p, POINTER(Image), c_int, c_int, c_int, c_void_p),
    "nvjpegEncodeRetrieveBitstream": (c_void_p, c_void_p, c_void_p, POINTER(c_size_t), c_void_p),
}


@lru_cache(maxsize=1)
def load() -> ctypes.CDLL:
    """The library. Raises DeviceError, which says how to get it."""
    for place in (*NAMES, *_in_packages(), *(f"/usr/local/cuda/lib64/{name}" for name in NAMES)):
        try:
            library = ctypes.CDLL(place)
        except OSError:
            continue
        for name, arguments in _SIGNATURES.items():
            getattr(library, name).argtypes = arguments
        return library
    raise DeviceError("nvJPEG is missing (libnvjpeg.so); add it with: pip install nvidia-nvjpeg")


def _in_packages() -> list[str]:
    """NVIDIA's own wheels keep their libraries in site-packages/nvidia/."""
    folders = {Path(sysconfig.get_path(kind)) / "nvidia" for kind in ("purelib", "platlib")}
    return [str(found) for folder in sorted(folders) for found in sorted(folder.glob("*/lib/libnvjpeg.so*"))]


def check(status: int, doing: str) -> None:
    if status:
        raise DeviceError(f"nvJPEG, {doing}: {FAULTS.get(status, f'error {status}')}")


class Handle:
    """The library, initialised on the current device; threads may share it."""

    def __init__(self) -> None:
        self.library = load()
        self._handle = c_void_p()
        check(self.library.nvjpegCreateSimple(byref(self._handle)), "starting")

    def parameters(self, quality: int, stream: int) -> c_void_p:
        """4:2:0 at ``quality``, 1 to 100."""
        parameters = c_void_p()
        library = self.library
        check(library.nvjpegEncoderParamsCreate(self._handle, byref(parameters), stream), "setting up")
        check(library.nvjpegEncoderParamsSetQuality(parameters, quality, stream), "setting the quality")
        check(library.nvjpegEncoderParamsSetSamplingFactors(parameters, CSS_420, stream), "setting 4:2:0")
        return parameters

    def state(self, stream: int) -> c_void_p:
        """What one picture is encoded with at a time."""
        state = c_void_p()
        check(self.library.nvjpegEncoderStateCreate(self._handle, byref(state), stream), "making an encoder")
        return state

    def encode(
        self, state: c_void_p, parameters: c_void_p, image: Image, width: int, height: int, stream: int
    ) -> None:
        """Start encoding; returns at once."""
        status = self.library.nvjpegEncodeYUV(
            self._handle, state, parameters, byref(image), CSS_420, width, height, stream
        )
        check(status, f"encoding {width}×{height}")

    def length(self, state: c_void_p, stream: int) -> int:
        """Bytes of the JPEG; waits for it to be made."""
        length = c_size_t()
        status = self.library.nvjpegEncodeRetrieveBitstream(self._handle, state, None, byref(length), stream)
        check(status, "encoding")
        return length.value

    def fetch(self, state: c_void_p, address: int, length: int, stream: int) -> None:
        """Start copying the JPEG to ``address`` on the host."""
        size = c_size_t(length)
        status = self.library.nvjpegEncodeRetrieveBitstream(self._handle, state, address, byref(size), stream)
        check(status, "copying a JPEG")
