"""DLPack's capsules: how a tensor described in C goes to Python's array libraries, and how one comes here.

The names of a capsule and of its tensor's fields are those of dlpack.h and of Python's array API.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import CFUNCTYPE, PYFUNCTYPE, c_char_p, c_void_p, py_object
from functools import lru_cache
from typing import Any

_FRESH, _USED = b"dltensor", b"used_dltensor"
"""What a capsule is called while it owns its tensor, and from then on."""

Delete = Callable[[int], None]


class _ManagedTensor(ctypes.Structure):
    """``DLManagedTensor``."""

    _fields_ = (
        ("data", c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("dimensions", ctypes.c_int32),
        ("dtype", ctypes.c_uint32),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("byte_offset", ctypes.c_uint64),
        ("context", c_void_p),
        ("deleter", c_void_p),
    )


_python = ctypes.PyDLL(None)
"""Of this module's own: what is said of arguments on ``ctypes.pythonapi`` holds for the whole process."""


def _function(name: str, result: Any, *arguments: Any) -> Any:
    function = _python[name]
    function.restype, function.argtypes = result, arguments
    return function


_new = _function("PyCapsule_New", py_object, c_void_p, c_char_p, c_void_p)
_pointer_of = _function("PyCapsule_GetPointer", c_void_p, py_object, c_char_p)
_set_name = _function("PyCapsule_SetName", ctypes.c_int, py_object, c_char_p)
# A capsule that is being freed is no object any more that may be counted.
_freed_is = _function("PyCapsule_IsValid", ctypes.c_int, c_void_p, c_char_p)
_freed_pointer_of = _function("PyCapsule_GetPointer", c_void_p, c_void_p, c_char_p)


def taken(capsule: Any) -> tuple[int, Delete]:
    """The address of a capsule's DLManagedTensor, which from now on is the caller's, and what to call with it
    at its end, once; that gives up the GIL."""
    tensor: int = _pointer_of(capsule, _FRESH)
    _set_name(capsule, _USED)
    return tensor, _deleter(_ManagedTensor.from_address(tensor).deleter)


def capsule_of(tensor: int) -> Any:
    """A capsule for the DLManagedTensor at this address; whoever has it last calls its deleter, once."""
    return _new(tensor, _FRESH, _drop)


def _let_go(capsule: int) -> None:
    """Called when a capsule is freed: a consumer has renamed it and calls the deleter itself."""
    if _freed_is(capsule, _FRESH):
        tensor = _freed_pointer_of(capsule, _FRESH)
        _deleter(_ManagedTensor.from_address(tensor).deleter)(tensor)


_drop = PYFUNCTYPE(None, c_void_p)(_let_go)


@lru_cache(maxsize=8)
def _deleter(address: int) -> Delete:
    return CFUNCTYPE(None, c_void_p)(address)
