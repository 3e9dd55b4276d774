"""How busy the machine is, and how full its memory and a disk are."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

_NOT_BUSY = ("idle", "iowait")
_COUNTED_TWICE = ("guest", "guest_nice")
"""Linux has these within user and nice."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Bytes."""

    used: int
    total: int


@dataclass(frozen=True, slots=True)
class MachineUsage:
    cpu_percent: float
    """Of all cores together, since the last reading: 0 to 100."""
    cores: int
    memory: Amount
    """``used``: what programs could not have now."""
    disk: Amount | None
    """None where the folder can't be asked about."""


class MachineMeter:
    """Of the whole machine, whatever share of it camwire may have. Reading may wait for a slow disk."""

    def __init__(self, folder: Path) -> None:
        """``folder``: on the disk that is looked at."""
        self._folder = folder
        self._times = _cpu_times()

    def read(self) -> MachineUsage:
        before, self._times = self._times, _cpu_times()
        memory = psutil.virtual_memory()
        return MachineUsage(
            cpu_percent=busy_percent(before, self._times),
            cores=psutil.cpu_count() or 1,
            memory=Amount(memory.total - memory.available, memory.total),
            disk=_disk(self._folder),
        )


def busy_percent(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """The share of processor time, by what it went to, between two readings: 0 to 100."""
    spent = {name: max(0.0, after[name] - before[name]) for name in after if name not in _COUNTED_TWICE}
    total = sum(spent.values())
    return 100 * (1 - sum(spent.get(name, 0.0) for name in _NOT_BUSY) / total) if total else 0.0


def _cpu_times() -> Mapping[str, float]:
    return psutil.cpu_times()._asdict()


def _disk(folder: Path) -> Amount | None:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return Amount(usage.used, usage.total)
