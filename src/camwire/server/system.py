"""What the server's machine and its own process take, read at most once a second whoever asks."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from camwire.monitoring.gpus import GpuMeter, GpuUsage
from camwire.monitoring.machine import MachineMeter, MachineUsage
from camwire.monitoring.process import ProcessMeter, ProcessUsage

LEAST_INTERVAL = 1.0
"""Seconds for which a reading holds; shares of time over less would say little."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All of one moment."""

    machine: MachineUsage
    gpus: list[GpuUsage]
    server: ProcessUsage


class System:
    """Reads in a thread: a disk or a driver may be slow, and everyone's pictures pass the event loop."""

    def __init__(self, folder: Path) -> None:
        """``folder``: where the configuration lies, and what the server keeps."""
        self.started = time.time()
        """UTC."""
        self._machine = MachineMeter(folder)
        self._server = ProcessMeter()
        self._gpus: GpuMeter | None = None
        self._lock = asyncio.Lock()
        self._latest: tuple[float, Reading] | None = None

    async def read(self) -> Reading:
        """Not older than ``LEAST_INTERVAL``."""
        async with self._lock:
            now = time.monotonic()
            if self._latest is None or now - self._latest[0] >= LEAST_INTERVAL:
                self._latest = now, await asyncio.to_thread(self._read)
            return self._latest[1]

    def _read(self) -> Reading:
        if self._gpus is None:  # here, since the driver may take long to answer the first time
            self._gpus = GpuMeter()
        return Reading(self._machine.read(), self._gpus.read(), self._server.read())
