"""A batch's pictures in the GPU's memory, as camwire's CUDA device draws on them: nothing is copied."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from camwire.deepstream.metadata import MetadataError
from camwire.devices.cuda.colours import BT601, BT709
from camwire.devices.cuda.surfaces import PLANES, PictureOnDevice, Surface
from camwire.frames import Size

SURFACE = np.dtype([*PLANES, ("full_range", np.int32), ("is_bt709", np.int32)], align=True)
"""``CamwireSurface`` of deepstream/metadata/batch.h."""


class BatchedPicture(PictureOnDevice):
    """One NV12 picture of a batch; the buffer it is in lives as long as it does."""

    __slots__ = ("_buffer",)

    def __init__(self, surface: Surface, buffer: Any) -> None:
        super().__init__(surface)
        self._buffer = buffer


def picture_on_gpu(library: ctypes.CDLL, buffer: Any, index: int) -> BatchedPicture:
    """The batch's ``index``-th picture. Raises MetadataError for one that is no NV12 in the GPU's memory."""
    # What such a buffer holds is an NvBufSurface: a description with pointers, not pixels.
    description = buffer.extract_dup(0, buffer.get_size())
    found = np.zeros(1, SURFACE)
    if library.camwire_surface(description, index, found.ctypes.data) != 0:
        raise MetadataError("a batch's picture is no NV12 in the GPU's memory")
    [one] = found
    surface = Surface(
        luma=int(one["luma"]),
        chroma=int(one["chroma"]),
        luma_pitch=int(one["luma_pitch"]),
        chroma_pitch=int(one["chroma_pitch"]),
        size=Size(int(one["width"]), int(one["height"])),
        wide=False,
        kr_kb=BT709 if one["is_bt709"] else BT601,
        full=bool(one["full_range"]),
    )
    return BatchedPicture(surface, buffer)
