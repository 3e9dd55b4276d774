"""Which of the processor's cores a GPU worker's threads share.

Dozens of cameras' threads and the lanes take turns with one interpreter lock. Where they are spread over all
cores, nearly every turn wakes a core that sleeps and finds its cache cold: on three cores the same worker
handled 1.9 times as many frames a second (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from camwire.cores import ALLOWED

TOGETHER = 3
"""Cores a worker: with 48 cameras 1.8 are busy, and two are slower."""
WORKERS_A_GPU = 4
"""At most, as the configuration bounds them."""
PCI = Path("/sys/bus/pci/devices")


def cores_of(gpu: int, worker: int, cores: Collection[int]) -> frozenset[int]:
    """Three of ``cores``, others for each ``worker`` (0, 1, …) of each ``gpu`` while there are enough."""
    known = sorted(cores)
    if len(known) <= TOGETHER:
        return frozenset(known)
    first = (gpu * WORKERS_A_GPU + worker) * TOGETHER
    return frozenset(known[(first + n) % len(known)] for n in range(TOGETHER))


def near(bus: str, allowed: Collection[int] = ALLOWED, folder: Path = PCI) -> frozenset[int]:
    """Of the ``allowed`` cores those of the part of the machine that a GPU is attached to; all where that
    isn't said. ``bus``: the GPU's PCI address, as CUDA tells it."""
    try:
        local = listed((folder / bus.lower() / "local_cpulist").read_text())
    except (OSError, ValueError):
        local = frozenset()
    return frozenset(allowed) & local or frozenset(allowed)


def listed(text: str) -> frozenset[int]:
    """The kernel's way to write sets: `0-3,8,10-11`. Raises ValueError."""
    cores: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cores.update(range(int(first), int(last or first) + 1))
    return frozenset(cores)
