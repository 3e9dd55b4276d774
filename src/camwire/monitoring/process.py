"""What a process takes of the machine."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    cpu_percent: float
    """Of one core, since the last reading; above 100 with several cores at work."""
    rss_bytes: int
    """Resident memory."""


class ProcessMeter:
    """Reads one process's use of CPU and memory; of this one unless a ``pid`` is given.

    Raises psutil.NoSuchProcess when the process is gone.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._process = psutil.Process(pid)
        self._process.cpu_percent()  # begins the span that the first reading tells about

    def read(self) -> ProcessUsage:
        with self._process.oneshot():
            return ProcessUsage(self._process.cpu_percent(), self._process.memory_info().rss)
