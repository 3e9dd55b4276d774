"""What a new configuration changes about an old one: what a live reload has to do."""

from __future__ import annotations

from dataclasses import dataclass

from camwire.config.root import Config


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of cameras, and names of the other sections. False where nothing changes."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    """Cameras whose settings differ."""
    reordered: bool
    """The cameras that stay are shown in another order."""
    sections: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.reordered or self.sections)


def compare(old: Config, new: Config) -> Changes:
    """Ids stand in the old configuration's order for ``removed``, in the new one's for the others."""
    before = {camera.id: camera for camera in old.cameras}
    after = {camera.id: camera for camera in new.cameras}
    return Changes(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and after[name] != before[name]),
        reordered=[name for name in before if name in after] != [name for name in after if name in before],
        sections=tuple(
            name
            for name in Config.model_fields
            if name != "cameras" and getattr(old, name) != getattr(new, name)
        ),
    )
