"""An NVIDIA GPU: NVDEC decodes, kernels scale, draw and encode; pictures never leave the device."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from camwire.devices import DeviceError
from camwire.devices.contracts import (
    Encoder,
    InputSpec,
    Lender,
    MemoryUse,
    ModelInput,
    Preprocessor,
    Renderer,
)
from camwire.devices.cuda.adoption import AdoptedPicture
from camwire.devices.cuda.context import bus_of, open_context
from camwire.devices.cuda.cores import cores_of, near
from camwire.devices.cuda.decoder import refusal
from camwire.devices.cuda.encode import CudaEncoder
from camwire.devices.cuda.integrals import integrals
from camwire.devices.cuda.lending import CudaLender, nvdec
from camwire.devices.cuda.render import CudaRenderer
from camwire.devices.cuda.room import Room
from camwire.devices.cuda.surfaces import PictureOnDevice
from camwire.frames import Batch

BATCH_SIZE = 32
LANES = 4
"""While one batch is in the network the next ones are decoded, drawn and encoded."""
AT_ONCE = 2
"""Batches in detection: while one's boxes are thinned out, the other keeps the chip busy."""
SUCCESS, NOT_READY = 0, 600
CAPTURING = range(900, 910)
"""``cudaError_t``: all is well, work is under way, a graph is being captured just now."""


class CudaDevice:
    """Implements :class:`camwire.devices.contracts.Device`, but for preprocessing: see ``CudaDetector``."""

    def __init__(self, index: int, worker: int = 0, cores: int | None = None) -> None:
        """Nothing in the process may have used CUDA before. ``worker``: which of the GPU's processes this is;
        ``cores``: so many of the processor's are shared by its threads, None for all.

        Raises DeviceError, saying what is missing.
        """
        open_context(index)
        self.index = index
        self._cores = None if cores is None else cores_of(index, worker, near(bus_of(index)), cores)
        self.name: str = f"cuda:{index}"
        self.batch_size: int = BATCH_SIZE
        self.lanes: int = LANES
        self.detecting: int = AT_ONCE
        self._room = Room(index)
        self.lender: Lender | None = CudaLender(index, self._room)
        self.preprocess: Preprocessor = _refuse
        self.render: Renderer = CudaRenderer(index)
        self.encode: Encoder = CudaEncoder(index)

    def settle(self) -> None:
        """The thread stays on the cores that this worker's threads share."""
        if self._cores is None:
            return
        with suppress(OSError):  # where nobody may choose, or these were taken away: then anywhere
            os.sched_setaffinity(0, self._cores)  # of this thread alone

    def adopt(self, picture: Any) -> PictureOnDevice:
        """What frames carry in place of a decoded ``av.VideoFrame``; what lies on the device for them already
        is that. Raises DeviceError."""
        return picture if isinstance(picture, PictureOnDevice) else AdoptedPicture(picture)

    def hwaccel(self) -> Any:
        """NVDEC, frames staying on the device; what it can't decode is an error.

        Raises DeviceError where the GPU's memory has no room for another camera.
        """
        self._room.admit()
        return nvdec(self.index)

    def refuses(self, codec: str, pixel_format: str | None) -> str | None:
        """As ``Device.refuses`` says, by what the driver tells of the chip."""
        return refusal(self.index, codec, pixel_format)

    def integrals(self, picture: Any) -> tuple[Any, Any, Any]:
        """Sums over the planes of a picture, as CuPy's arrays. Raises DeviceError."""
        import cupy

        # From here on the calling thread's arrays are this GPU's, those of the tracker too.
        cupy.cuda.Device(self.index).use()
        return integrals(picture)

    def fault(self) -> str | None:
        """After some errors, such as a kernel's use of memory that isn't there, CUDA refuses everything."""
        import cupy

        with cupy.cuda.Device(self.index):
            status = cupy.cuda.runtime.streamQuery(0)
        if status in (SUCCESS, NOT_READY) or status in CAPTURING:
            return None
        return f"{self.name} has failed for good: {cupy.cuda.runtime.CUDARuntimeError(status)}"

    def memory(self) -> MemoryUse:
        """Where the GPU's memory is."""
        return self._room.now()


def _refuse(batch: Batch, spec: InputSpec) -> ModelInput:
    """Scaling is part of ``CudaDetector``'s graph; nothing here feeds a runtime on the CPU."""
    raise DeviceError(
        f"{len(batch)} pictures for an input of {spec.size} are on a CUDA device and stay there; "
        "its networks are run by CudaDetector"
    )
