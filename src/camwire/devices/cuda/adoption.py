"""Decoded pictures that cost nobody anything when they are let go.

Letting go of an ``av.VideoFrame`` on the device means unmapping a surface of the decoder: the driver takes
its time over that, and PyAV holds the GIL meanwhile, so every thread of the process would wait. A frame's
DLPack capsule holds the same surface and ends in a C function that needs no GIL: an adopted picture keeps
the capsule's content in place of the frame, and calls that function through ctypes, which releases the GIL.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

from camwire.devices.cuda.surfaces import Surface, surface_of

_FRESH, _USED = b"dltensor", b"used_dltensor"
"""What a capsule is called while it owns its tensor, and from then on (the DLPack protocol)."""


class _ManagedTensor(ctypes.Structure):
    """``DLManagedTensor`` of dlpack.h."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("dimensions", ctypes.c_int32),
        ("dtype", ctypes.c_uint32),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("byte_offset", ctypes.c_uint64),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
    )


_python = ctypes.PyDLL(None)
"""Of this module's own: what is said of arguments on ``ctypes.pythonapi`` holds for the whole process."""
_pointer_of = _python.PyCapsule_GetPointer
_pointer_of.restype, _pointer_of.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
_set_name = _python.PyCapsule_SetName
_set_name.restype, _set_name.argtypes = ctypes.c_int, (ctypes.py_object, ctypes.c_char_p)


class AdoptedPicture:
    """A decoded picture on the device, in place of its ``av.VideoFrame``; frees the surface when it goes."""

    __slots__ = ("_delete", "_tensor", "surface")

    def __init__(self, picture: Any) -> None:
        """Raises DeviceError for a picture that NVDEC didn't make."""
        self.surface: Surface = surface_of(picture)
        capsule = picture.planes[0].__dlpack__()
        tensor = _pointer_of(capsule, _FRESH)
        _set_name(capsule, _USED)
        self._tensor: int = tensor
        self._delete = _deleter(_ManagedTensor.from_address(tensor).deleter)

    @property
    def width(self) -> int:
        return self.surface.size.width

    @property
    def height(self) -> int:
        return self.surface.size.height

    def __del__(self) -> None:
        tensor = getattr(self, "_tensor", None)
        if tensor is not None:  # else there was nothing to adopt
            self._delete(tensor)


@lru_cache(maxsize=8)
def _deleter(address: int) -> Any:
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)


def surface_on_device(picture: Any) -> Surface:
    """The surface of an adopted picture or of an ``av.VideoFrame``. Raises DeviceError."""
    return picture.surface if isinstance(picture, AdoptedPicture) else surface_of(picture)
