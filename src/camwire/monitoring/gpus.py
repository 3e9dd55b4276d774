"""NVIDIA's GPUs, as their driver's management library (NVML) tells about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GpuUsage:
    """Of one GPU; None: the GPU or its driver doesn't tell (MIG, some laptops, a GPU that is lost)."""

    name: str
    utilisation: float | None
    """Percent of the time in which a kernel ran."""
    decoder: float | None
    """Percent, of NVDEC."""
    memory_used: int | None
    """Bytes, of everyone."""
    memory_total: int | None


class GpuMeter:
    """Finds no GPU where nvidia-ml-py or the driver is missing. A reading takes milliseconds."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._gpus: list[tuple[str, Any]] = []
        try:
            self._nvml = import_module("pynvml")
        except ImportError:
            return
        try:
            self._nvml.nvmlInit()
            handles = map(self._nvml.nvmlDeviceGetHandleByIndex, range(self._nvml.nvmlDeviceGetCount()))
            self._gpus = [(self._nvml.nvmlDeviceGetName(handle), handle) for handle in handles]
        except self._nvml.NVMLError as error:
            log.info("no NVIDIA GPU to tell about", reason=str(error))

    def read(self) -> list[GpuUsage]:
        """In NVML's order, which is that of nvidia-smi."""
        return [self._read(name, handle) for name, handle in self._gpus]

    def _read(self, name: str, handle: Any) -> GpuUsage:
        nvml = self._nvml
        memory = self._told(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        return GpuUsage(
            name=name,
            utilisation=self._told(lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)),
            decoder=self._told(lambda: float(nvml.nvmlDeviceGetDecoderUtilization(handle)[0])),
            memory_used=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
        )

    def _told(self, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except self._nvml.NVMLError:
            return None
