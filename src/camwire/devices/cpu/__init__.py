"""The CPU: FFmpeg decodes, OpenCV scales, draws and encodes."""

from __future__ import annotations

import os

import cv2

from camwire.devices.contracts import Encoder, Preprocessor, Renderer
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
        self.preprocess: Preprocessor = CpuPreprocessor()
        self.render: Renderer = CpuRenderer()
        self.encode: Encoder = CpuEncoder()
        # One batch a core, and one more so that a core that has finished finds the next one ready.
        self.lanes: int = len(os.sched_getaffinity(0)) + 1

    def hwaccel(self) -> None:
        """FFmpeg decodes in software."""
        return
