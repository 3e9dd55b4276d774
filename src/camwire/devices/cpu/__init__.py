"""The CPU: FFmpeg decodes, OpenCV scales, draws and encodes."""

from __future__ import annotations

from typing import Any

import cv2

from camwire.cores import CORES
from camwire.devices.contracts import Encoder, Lender, Preprocessor, Renderer
from camwire.devices.cpu.encode import CpuEncoder
from camwire.devices.cpu.preprocess import CpuPreprocessor
from camwire.devices.cpu.render import CpuRenderer


class CpuDevice:
    """Implements :class:`camwire.devices.contracts.Device`."""

    name: str = "cpu"
    batch_size: int = 1
    """Batches gain nothing on CPUs and cost latency."""

    def __init__(self) -> None:
        # Frames run side by side on their lanes; OpenCV's own threads would fight with them for the cores.
        cv2.setNumThreads(1)
        self.integrals = None
        self.lender: Lender | None = None
        self.preprocess: Preprocessor = CpuPreprocessor()
        self.render: Renderer = CpuRenderer()
        self.encode: Encoder = CpuEncoder()
        # One batch a core, and two more so that a core which has finished finds the next one ready: measured
        # on two cores, 0.90 of what they could do with one more, 0.95 with two (benchmarks/pipeline.py).
        self.lanes: int = CORES + 2
        self.detecting: int = self.lanes

    def settle(self) -> None:
        """Any core will do."""
        return

    def hwaccel(self) -> None:
        """FFmpeg decodes in software."""
        return

    def refuses(self, codec: str, pixel_format: str | None) -> None:  # noqa: ARG002
        """FFmpeg says itself what it can't decode."""
        return

    def adopt(self, picture: Any) -> Any:
        """The picture itself."""
        return picture

    def fault(self) -> None:
        """A CPU doesn't break."""
        return

    def memory(self) -> None:
        """It has the process's."""
        return
