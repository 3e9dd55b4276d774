"""Which of the processor's cores a GPU worker's threads share.

Dozens of cameras' threads and the lanes take turns with one interpreter lock. Where they are spread over all
cores, many a turn wakes a core that sleeps and finds its cache cold (docs/performance.md says what few cores
gave, and what they cost).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from camwire.cores import ALLOWED

WORKERS_A_GPU = 4
"""At most, as the configuration bounds them."""
PCI = Path("/sys/bus/pci/devices")


def cores_of(gpu: int, worker: int, cores: Collection[int], count: int) -> frozenset[int]:
    """``count`` of ``cores``, others for each ``worker`` (0, 1, …) of each ``gpu`` while there are enough.

    Even numbers come before odd ones: in virtual machines neighbours are often two threads of one core.
    """
    known = sorted(cores)
    if len(known) <= count:
        return frozenset(known)
    known = known[::2] + known[1::2]
    first = (gpu * WORKERS_A_GPU + worker) * count
    return frozenset(known[(first + n) % len(known)] for n in range(count))


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
