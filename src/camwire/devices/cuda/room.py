"""The GPU's memory: how much each part may take, and where it is."""

from __future__ import annotations

from camwire.devices import DeviceError
from camwire.devices.contracts import MemoryUse

NETWORK_SHARE, PICTURES_SHARE = 0.6, 0.25
"""Of the GPU's memory, at most. The rest is for decoders, which take some 100 MB a 1080p camera."""
RESERVE = 512 << 20
"""Bytes that have to be free for another camera: what is left is for the cameras that run."""


def require_room(index: int, free: int, size: int = 0) -> None:
    """Raises DeviceError where so many ``free`` bytes are too few for another camera and ``size`` more."""
    if free < RESERVE + size:
        raise DeviceError(
            f"cuda:{index} has no memory left for another camera: {free >> 20} MB are free and "
            f"{(RESERVE + size) >> 20} MB are wanted"
        )


class Room:
    """Bounds what PyTorch and CuPy keep on one GPU, and tells how much of it is for what."""

    def __init__(self, index: int) -> None:
        import cupy
        import torch

        self._index = index
        with cupy.cuda.Device(index):
            _, total = cupy.cuda.runtime.memGetInfo()
            cupy.get_default_memory_pool().set_limit(size=int(total * PICTURES_SHARE))
        torch.cuda.set_per_process_memory_fraction(NETWORK_SHARE, index)
        self._before_cameras = 0
        self._cameras_came = False

    def admit(self, size: int = 0) -> None:
        """Ask for room for another camera and ``size`` bytes for its pictures. Raises DeviceError."""
        now = self.now()
        self._cameras_came = True
        require_room(self._index, now.free, size)

    def now(self) -> MemoryUse:
        """How things are."""
        import cupy
        import torch

        with cupy.cuda.Device(self._index):
            free, total = cupy.cuda.runtime.memGetInfo()
            pictures = cupy.get_default_memory_pool().total_bytes()
        network = torch.cuda.memory_reserved(self._index)
        rest = total - free - network - pictures
        if not self._cameras_came:
            self._before_cameras = rest
        return MemoryUse(total, free, network, pictures, max(0, rest - self._before_cameras))
