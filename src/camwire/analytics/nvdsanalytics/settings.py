"""What an nvdsanalytics file says, in the coordinates and the order in which it says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

Point = tuple[int, int]

DEFAULT_WIDTH = 1920
DEFAULT_HEIGHT = 1080
DEFAULT_WINDOW = 50


class Mode(Enum):
    """How sure a line crossing has to be."""

    STRICT = "strict"
    BALANCED = "balanced"
    LOOSE = "loose"


@dataclass(frozen=True, slots=True)
class Entry:
    """What every labelled entry has: its name, whether its group is on, and the classes it looks at."""

    label: str
    enabled: bool
    classes: tuple[int, ...]
    """Class ids; empty, or with -1 among them, means every class."""

    def applies_to(self, class_id: int) -> bool:
        return not self.classes or -1 in self.classes or class_id in self.classes


@dataclass(frozen=True, slots=True)
class Roi(Entry):
    """A region whose objects are named and counted; ``inverse`` means those outside it."""

    polygon: tuple[Point, ...]
    inverse: bool


@dataclass(frozen=True, slots=True)
class Overcrowding(Entry):
    """A region that is overcrowded as soon as ``threshold`` objects are in it."""

    polygon: tuple[Point, ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Line(Entry):
    """A line, and the arrow that says in which direction crossing it counts."""

    arrow: tuple[Point, Point]
    ends: tuple[Point, Point]
    extended: bool
    """Whether the line goes on beyond its ends."""
    mode: Mode


@dataclass(frozen=True, slots=True)
class Direction(Entry):
    """A direction of movement with a name."""

    arrow: tuple[Point, Point]


@dataclass(slots=True)
class StreamSettings:
    """Everything configured for one stream, in file order."""

    width: int = DEFAULT_WIDTH
    height: int = DEFAULT_HEIGHT
    """The picture size in which the coordinates are written."""
    rois: list[Roi] = field(default_factory=list)
    overcrowdings: list[Overcrowding] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    directions: list[Direction] = field(default_factory=list)


@dataclass(slots=True)
class Settings:
    """A whole file."""

    enabled: bool = True
    width: int = DEFAULT_WIDTH
    height: int = DEFAULT_HEIGHT
    font_size: int = 12
    osd_mode: int = 2
    """0: nothing is drawn, 1: shapes and labels, 2: counts and object texts as well."""
    window: int = DEFAULT_WINDOW
    """Milliseconds over which object counts are smoothed, and *also* frames of track history."""
    show_counts: bool = False
    streams: dict[int, StreamSettings] = field(default_factory=dict)
    """By stream number."""

    def stream(self, number: int) -> StreamSettings:
        """The stream's settings, begun at the present picture size where there are none yet."""
        return self.streams.setdefault(number, StreamSettings(self.width, self.height))
