"""Which worker runs which camera: spread by load, moved when a worker fails, left alone otherwise.

A camera that moves begins anew there (its tracks get other ids), so it moves only for a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from camwire.link.reports import CameraReport
from camwire.server.attendance import Attendance
from camwire.server.supervisor import Phase

UNEVEN = 0.3
"""How far the busiest and the idlest worker may be apart, as a share of what is a worker's due."""
NETWORK, MEGAPIXEL = 1.0, 0.3
"""What a frame costs: the network's part, and the decoder's for each million pixels. (H100: YOLO11s takes
0.31 ms, NVDEC 0.09 ms a megapixel of H.264.)"""
USUAL_COST = 30 * (NETWORK + 2 * MEGAPIXEL)
"""Of a camera that nobody has seen yet: 1080p at 30 frames a second."""


def cost_of(report: CameraReport) -> float | None:
    """What a camera takes of a device; None while that isn't known."""
    if report.input_fps <= 0:
        return None
    return report.input_fps * (NETWORK + MEGAPIXEL * report.width * report.height / 1e6)


def placed(costs: Mapping[str, float], workers: Sequence[str], before: Mapping[str, str]) -> dict[str, str]:
    """A worker for every camera of ``costs``.

    A camera stays where it was ``before`` if that worker is among ``workers``; others go, the dearest first,
    to whoever has least to do. Where that leaves ``workers`` too uneven (one has come back), cameras move
    from the busiest to the idlest. Without workers nothing changes.
    """
    if not workers:
        return {camera: before[camera] for camera in costs if camera in before}
    place = {camera: before[camera] for camera in costs if before.get(camera) in workers}
    loads = {worker: sum(costs[camera] for camera in place if place[camera] == worker) for worker in workers}
    homeless = [camera for camera in costs if camera not in place]
    for camera in sorted(homeless, key=lambda camera: -costs[camera]):
        worker = min(workers, key=lambda worker: loads[worker])
        place[camera] = worker
        loads[worker] += costs[camera]
    _even_out(costs, place, loads)
    return {camera: place[camera] for camera in costs}


def _even_out(costs: Mapping[str, float], place: dict[str, str], loads: dict[str, float]) -> None:
    """Each move makes the gap between the two workers smaller, so this ends."""
    while True:
        busiest, idlest = max(loads, key=lambda w: loads[w]), min(loads, key=lambda w: loads[w])
        gap = loads[busiest] - loads[idlest]
        movable = [c for c, worker in place.items() if worker == busiest and 0 < costs[c] < gap]
        if gap <= UNEVEN * fmean(loads.values()) or not movable:
            return
        camera = min(movable, key=lambda camera: abs(costs[camera] - gap / 2))
        place[camera] = idlest
        loads[busiest] -= costs[camera]
        loads[idlest] += costs[camera]


class Placement:
    """Remembers where cameras are. Looks anew only when cameras or workers have come or gone."""

    def __init__(self, workers: Iterable[str]) -> None:
        self._workers = tuple(workers)
        self._attendances = {worker: Attendance() for worker in self._workers}
        self._place: dict[str, str] = {}
        self._seen: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def first(self) -> str:
        """A worker for what any of them can do."""
        return (self._seen[1] or self._workers)[0]

    def cameras_of(self, worker: str) -> frozenset[str]:
        return frozenset(camera for camera, place in self._place.items() if place == worker)

    def update(
        self,
        cameras: Sequence[str],
        reports: Mapping[str, CameraReport],
        phases: Mapping[str, Phase],
        now: float,
    ) -> bool:
        """Follow what has become of cameras and workers; whether any camera has moved.

        ``phases``: what each worker does. ``now``: monotonic seconds.
        """
        away = {name: self._attendances[name].look(phase, now) for name, phase in phases.items()}
        here = tuple(worker for worker in self._workers if not away[worker])
        seen = tuple(cameras), here or self._workers
        if seen == self._seen:
            return False
        self._seen = seen
        known = {camera: cost for camera in cameras if (cost := _known(reports.get(camera))) is not None}
        usual = fmean(known.values()) if known else USUAL_COST
        costs = {camera: known.get(camera, usual) for camera in cameras}
        before, self._place = self._place, placed(costs, seen[1], self._place)
        return before != self._place


def _known(report: CameraReport | None) -> float | None:
    return None if report is None else cost_of(report)
