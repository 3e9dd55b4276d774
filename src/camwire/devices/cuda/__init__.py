"""An NVIDIA GPU: NVDEC decodes, kernels scale and draw, nvJPEG encodes; pictures never leave the device."""

from __future__ import annotations

from typing import Any, NoReturn

from camwire.devices.contracts import Encoder, InputSpec, ModelInput, Renderer
from camwire.devices.cuda.adoption import AdoptedPicture
from camwire.devices.cuda.context import open_context
from camwire.devices.cuda.encode import CudaEncoder
from camwire.devices.cuda.nvjpeg import load as load_nvjpeg
from camwire.devices.cuda.render import CudaRenderer
from camwire.frames import Batch

BATCH_SIZE = 32
LANES = 4
"""While one batch is in the network the next ones are decoded, drawn and encoded."""


class CudaDevice:
    """Implements :class:`camwire.devices.contracts.Device`. Its detector is ``CudaDetector``."""

    def __init__(self, index: int) -> None:
        """Raises DeviceError, which says what is missing. Nothing in the process may have used CUDA before."""
        open_context(index)
        load_nvjpeg()
        self.index = index
        self.name: str = f"cuda:{index}"
        self.batch_size: int = BATCH_SIZE
        self.lanes: int = LANES
        self.render: Renderer = CudaRenderer(index)
        self.encode: Encoder = CudaEncoder(index)

    def preprocess(self, batch: Batch, spec: InputSpec) -> NoReturn:
        """Preprocessing is part of the detector's graph: nothing is ever fed to a runtime on the CPU."""
        raise NotImplementedError

    def adopt(self, picture: Any) -> AdoptedPicture:
        """What frames carry in place of a decoded ``av.VideoFrame``. Raises DeviceError."""
        return AdoptedPicture(picture)

    def hwaccel(self) -> Any:
        """NVDEC, frames staying on the device; what it can't decode is an error."""
        from av.codec.hwaccel import HWAccel

        return HWAccel(
            device_type="cuda", device=str(self.index), is_hw_owned=True, allow_software_fallback=False
        )


__all__ = ["CudaDevice", "ModelInput"]
