"""What has to be done so that the pipeline that runs becomes the one that is wanted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from camwire.deepstream.elements import Element, Graph, Part
from camwire.deepstream.properties import Value

LIVE = {
    "nvdsosd": frozenset({"display-text", "display-bbox", "display-mask"}),
    "nvjpegenc": frozenset({"quality"}),
    "nvimageenc": frozenset({"quality"}),
}
"""By element: what may be changed while it runs."""


@dataclass(frozen=True, slots=True)
class PipelineChanges:
    """``rebuild``: nothing less will do. Else cameras to stop and to start, and properties to set."""

    rebuild: bool
    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    values: tuple[tuple[str, str, Value], ...] = ()
    """Element, property, value."""


def pipeline_changes(running: Graph | None, wanted: Graph) -> PipelineChanges:
    """A camera that stays as it is appears in neither list, and costs nobody anything."""
    if running is None or _unlike(running, wanted):
        return PipelineChanges(rebuild=True)
    stays = {
        camera
        for camera, source in wanted.sources.items()
        if running.sources.get(camera) == source
        and running.pads[camera] == wanted.pads[camera]
        and _same_but_live(running.outputs.get(camera), wanted.outputs.get(camera))
    }
    return PipelineChanges(
        rebuild=False,
        stop=tuple(camera for camera in running.sources if camera not in stays),
        start=tuple(camera for camera in wanted.sources if camera not in stays),
        values=_values(running, wanted, stays),
    )


def _unlike(running: Graph, wanted: Graph) -> bool:
    return (
        not _same_but_live(running.trunk, wanted.trunk)
        or running.files != wanted.files
        or running.environment != wanted.environment
        or running.batch_size != wanted.batch_size
    )


def _same_but_live(one: Part | None, other: Part | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.links == other.links and [_fixed(element) for element in one.elements] == [
        _fixed(element) for element in other.elements
    ]


def _fixed(element: Element) -> tuple[str, str, dict[str, Value]]:
    live = LIVE.get(element.factory, frozenset())
    properties = {name: value for name, value in element.properties.items() if name not in live}
    return element.name, element.kind, properties


def _values(running: Graph, wanted: Graph, stays: Collection[str]) -> tuple[tuple[str, str, Value], ...]:
    parts = [(running.trunk, wanted.trunk)]
    parts += [
        (running.outputs[camera], wanted.outputs[camera]) for camera in wanted.outputs if camera in stays
    ]
    return tuple(
        (after.name, name, value)
        for old, new in parts
        for before, after in zip(old.elements, new.elements, strict=True)
        for name, value in after.properties.items()
        if before.properties.get(name) != value
    )
