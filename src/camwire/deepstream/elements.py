"""A pipeline as data: elements, their properties, and how they are linked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from camwire.deepstream.properties import Value
from camwire.deepstream.property_table import NEW_MUX


@dataclass(frozen=True, slots=True)
class Element:
    """One element. Its repr leaves the properties out: a URI may hold a password."""

    name: str
    factory: str
    properties: Mapping[str, Value] = field(default_factory=dict, repr=False)
    new_mux: bool = False
    """Of ``nvstreammux``: the new one."""

    @property
    def kind(self) -> str:
        """The key of its properties in ``property_table.TABLE``."""
        return NEW_MUX if self.new_mux else self.factory


@dataclass(frozen=True, slots=True)
class Link:
    """From a pad of one element to a pad of another; None: the one that is always there."""

    source: str
    sink: str
    source_pad: str | None = None
    sink_pad: str | None = None
    appears: bool = False
    """The source's pad is there only after a while; ``source_pad`` is its template."""


@dataclass(frozen=True, slots=True)
class Part:
    """Elements that come and go together."""

    elements: tuple[Element, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole pipeline."""

    trunk: Part
    """What all cameras share."""
    sources: Mapping[str, Part]
    """By camera: from the camera to the muxer."""
    outputs: Mapping[str, Part]
    """By camera: from the demuxer to the JPEGs; empty where camwire draws."""
    pads: Mapping[str, int]
    """By camera: the muxer's and the demuxer's pad."""
    files: Mapping[str, str]
    """By name: what has to be written before the pipeline starts."""
    batch_size: int
    environment: Mapping[str, str]
    """What has to be set before DeepStream's plugins are loaded."""
    notes: tuple[str, ...] = ()
    """What of the configuration this pipeline can't do, in words."""

    def parts(self) -> Iterator[Part]:
        yield self.trunk
        yield from self.sources.values()
        yield from self.outputs.values()

    def elements(self) -> Iterator[Element]:
        for part in self.parts():
            yield from part.elements

    def links(self) -> Iterator[Link]:
        for part in self.parts():
            yield from part.links

    def element(self, name: str) -> Element:
        """Raises KeyError."""
        for element in self.elements():
            if element.name == name:
                return element
        raise KeyError(name)


def chain(*elements: Element) -> tuple[Link, ...]:
    """Each element linked with the next."""
    return tuple(Link(before.name, after.name) for before, after in pairwise(elements))
