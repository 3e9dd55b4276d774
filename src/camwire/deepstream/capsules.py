"""DLPack's capsules: how a tensor described in C is handed to Python's array libraries."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, PYFUNCTYPE, c_uint64, c_void_p
from typing import Any

_CAPSULE = b"dltensor"


class _Managed(ctypes.Structure):
    """DLPack's ``DLManagedTensor``, as far as its deleter."""

    _fields_ = (("tensor", c_uint64 * 6), ("context", c_void_p), ("deleter", CFUNCTYPE(None, c_void_p)))


# A handle of our own: whoever sets argument types on ctypes.pythonapi sets them for everybody.
_python = ctypes.PyDLL(None)
_new_capsule = _python.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [c_void_p, ctypes.c_char_p, c_void_p]
_is_capsule = _python.PyCapsule_IsValid
_is_capsule.argtypes = [c_void_p, ctypes.c_char_p]
_pointer_of = _python.PyCapsule_GetPointer
_pointer_of.restype = c_void_p
_pointer_of.argtypes = [c_void_p, ctypes.c_char_p]


def _let_go(capsule: int) -> None:
    """Called when a capsule is freed: a consumer has renamed it and calls the deleter itself."""
    if _is_capsule(capsule, _CAPSULE):
        managed = _pointer_of(capsule, _CAPSULE)
        _Managed.from_address(managed).deleter(managed)


_drop = PYFUNCTYPE(None, c_void_p)(_let_go)


def capsule_of(managed: int) -> Any:
    """A capsule for the DLManagedTensor at this address; whoever has it last calls its deleter, once."""
    return _new_capsule(managed, _CAPSULE, _drop)
