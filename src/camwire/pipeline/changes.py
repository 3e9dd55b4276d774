"""What has to start and stop so that the cameras that run become those that are desired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from camwire.link.desired import DesiredCamera


@dataclass(frozen=True, slots=True)
class CameraChanges:
    stop: tuple[str, ...]
    """Ids of cameras that run and are no longer desired as they are."""
    start: tuple[DesiredCamera, ...]


def camera_changes(running: Mapping[str, DesiredCamera], desired: Iterable[DesiredCamera]) -> CameraChanges:
    """Compare by value: a camera that stays as it is appears in neither list."""
    wanted = {camera.id: camera for camera in desired if camera.enabled}
    return CameraChanges(
        stop=tuple(name for name, camera in running.items() if wanted.get(name) != camera),
        start=tuple(camera for name, camera in wanted.items() if running.get(name) != camera),
    )
