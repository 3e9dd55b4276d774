"""Adopting pictures: with a stand-in in main memory, whose planes PyAV gives as DLPack capsules too."""

import ctypes
import gc
import sys
import weakref

import av
import numpy as np
import pytest

from camwire.devices import DeviceError
from camwire.devices.cuda.adoption import AdoptedPicture
from camwire.devices.cuda.memory import bytes_at
from camwire.frames import Size


class OnDevice:
    """A frame in main memory that says it is on a device."""

    def __init__(self, frame: av.VideoFrame) -> None:
        self.planes = frame.planes
        self.width, self.height = frame.width, frame.height
        self.colorspace, self.color_range = frame.colorspace, frame.color_range
        self.sw_format = frame.format
        self.format = type("Format", (), {"name": "cuda"})()


class Counted(np.ndarray):
    """Memory that tells when it goes."""


def test_the_surface_lives_as_long_as_the_adopted_picture() -> None:
    memory = np.full((72, 64), 9, np.uint8).view(Counted)
    gone: list[bool] = []
    weakref.finalize(memory, gone.append, True)
    frame = av.VideoFrame.from_numpy_buffer(memory, format="nv12")
    adopted = AdoptedPicture(OnDevice(frame))
    assert adopted.surface.size == Size(64, 48)
    del frame, memory
    gc.collect()
    assert not gone
    del adopted
    gc.collect()
    assert gone


def test_what_is_not_on_the_device_is_refused_and_nothing_is_let_go_twice() -> None:
    frame = av.VideoFrame(64, 48, "yuv420p")
    before = sys.getrefcount(frame)
    for _ in range(3):
        with pytest.raises(DeviceError, match="format 'yuv420p'"):
            AdoptedPicture(frame)
    gc.collect()
    assert sys.getrefcount(frame) == before


def test_what_others_declare_on_pythonapi_is_theirs() -> None:
    """They hold for the whole process: this module leaves them alone and goes by its own."""
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    try:
        frame = av.VideoFrame.from_numpy_buffer(np.full((72, 64), 9, np.uint8), format="nv12")
        assert AdoptedPicture(OnDevice(frame)).surface.size == Size(64, 48)
        assert len(bytes_at(id(frame), 8)) == 8
        assert pointer_of.argtypes == (ctypes.c_void_p, ctypes.c_void_p)
    finally:
        del pointer_of.argtypes
