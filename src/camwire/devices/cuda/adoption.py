"""Decoded pictures that cost nobody anything when they are let go.

Letting go of an ``av.VideoFrame`` on the device means unmapping a surface of the decoder: the driver takes
its time over that, and PyAV holds the GIL meanwhile, so every thread of the process would wait. A frame's
DLPack capsule holds the same surface and ends in a C function that needs no GIL: an adopted picture keeps
the capsule's content in place of the frame, and calls that function through ctypes, which releases the GIL.
"""

from __future__ import annotations

from typing import Any

from camwire.devices.cuda.surfaces import PictureOnDevice, surface_of
from camwire.devices.dlpack import taken


class AdoptedPicture(PictureOnDevice):
    """A decoded picture on the device, in place of its ``av.VideoFrame``; frees the surface when it goes."""

    __slots__ = ("_delete", "_tensor")

    def __init__(self, picture: Any) -> None:
        """Raises DeviceError for a picture that NVDEC didn't make."""
        super().__init__(surface_of(picture))
        self._tensor, self._delete = taken(picture.planes[0].__dlpack__())

    def __del__(self) -> None:
        tensor = getattr(self, "_tensor", None)
        if tensor is not None:  # else there was nothing to adopt
            self._delete(tensor)
