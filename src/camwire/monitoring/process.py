"""What a process takes of the machine."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
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
        self._helpers: dict[int, ProcessMeter] = {}

    def read(self, helpers: Collection[int] = ()) -> ProcessUsage:
        """With what ``helpers``, ids of other processes, take besides; those that are gone take nothing."""
        with self._process.oneshot():
            usage = ProcessUsage(self._process.cpu_percent(), self._process.memory_info().rss)
        known, self._helpers = self._helpers, {}
        for pid in helpers:
            with suppress(psutil.NoSuchProcess):
                self._helpers[pid] = known.get(pid) or ProcessMeter(pid)
                also = self._helpers[pid].read()
                usage = ProcessUsage(usage.cpu_percent + also.cpu_percent, usage.rss_bytes + also.rss_bytes)
        return usage
