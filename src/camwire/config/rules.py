"""Rules: what is to be counted, measured and reported about the objects in cameras' pictures.

Points are ``[x, y]``; x grows to the right, y downwards. ``units`` says of what: fractions of the picture's
width and height (the default), or pixels of the picture as it is processed and sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from camwire.config.base import ConfigModel
from camwire.config.camera import CameraId
from camwire.config.polygons import crossing_edges, turn
from camwire.frames import Size

Coordinate = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Point = tuple[Coordinate, Coordinate]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Pixels = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
Anchor = Literal["bottom_centre", "centre", "top_centre"]

LONGEST_NAME = 100


def _wrong(kind: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(f"rule_{kind}", message)


def _colour(value: str) -> str:
    digits = value.removeprefix("#")
    if len(digits) != 6 or value == digits or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise _wrong("colour", "expected a colour as '#rrggbb', for example '#ff8800'")
    return value.lower()


def _polygon(points: tuple[Point, ...]) -> tuple[Point, ...]:
    corners = tuple(point for point, following in pairwise((*points, *points[:1])) if point != following)
    if len(corners) < 3:
        raise _wrong("polygon", "a polygon needs three different points at least")
    if crossing_edges(corners):
        raise _wrong(
            "polygon", "the polygon's edges cross or touch each other; list its corners in order around it"
        )
    return corners


Polygon = Annotated[tuple[Point, ...], Field(max_length=200), AfterValidator(_polygon)]


class _Rule(ConfigModel):
    name: str = Field(
        min_length=1, max_length=LONGEST_NAME, description="Names the rule in events and counts; unique."
    )
    enabled: bool = Field(True, description="Whether the rule is applied.")
    cameras: tuple[CameraId, ...] | None = Field(
        None, min_length=1, description="Ids of the cameras it is for; every camera where absent."
    )
    classes: tuple[str, ...] | None = Field(
        None, min_length=1, description="Only objects of these classes, by name; all where absent."
    )
    colour: Annotated[str, AfterValidator(_colour)] = Field("#ffb000", description="Its colour, `#rrggbb`.")
    units: Literal["fractions", "pixels"] = Field(
        "fractions", description="What coordinates count: fractions of the picture's sides, or its pixels."
    )

    @model_validator(mode="after")
    def _fractions_are_at_most_1(self) -> Self:
        if self.units == "fractions" and any(value > 1 for point in self.points() for value in point):
            raise _wrong("units", "fractions go from 0 to 1; write `units: pixels` where pixels are meant")
        return self

    def points(self) -> Iterator[Point]:
        """Every point of the rule that lies in the picture."""
        return iter(())

    def placed(self, points: Iterable[Point], size: Size) -> list[Point]:
        """Points of the rule in pixels of a picture."""
        if self.units == "pixels":
            return list(points)
        return [(x * size.width, y * size.height) for x, y in points]

    def applies_to(self, camera: str) -> bool:
        return self.enabled and (self.cameras is None or camera in self.cameras)


class AnchoredRule(_Rule):
    """What all rules have in common."""

    anchor: Anchor = Field("bottom_centre", description="The point of an object's box that counts.")


class OvercrowdingConfig(ConfigModel):
    """When a zone is too full."""

    objects: int = Field(ge=1, le=10_000, description="It is from so many objects on,")
    seconds: Seconds = Field(0.0, description="once that has lasted so long,")
    until: int | None = Field(
        None,
        ge=0,
        description="until no more than so many have been there as long; `objects` less one where absent.",
    )

    @model_validator(mode="after")
    def _ends_below(self) -> Self:
        if self.until is not None and self.until >= self.objects:
            raise _wrong("overcrowding", "`until` has to be less than `objects`")
        return self

    @property
    def release(self) -> int:
        """The count at which it can end."""
        return self.objects - 1 if self.until is None else self.until


class ZoneRule(AnchoredRule):
    """An area: who is in it, comes and goes, how long, and whether they are too many."""

    type: Literal["zone"] = Field(description="The kind of rule.")
    polygon: Polygon = Field(description="Its corners in order around it, three at least.")
    margin: Pixels = Field(
        20.0,
        description="An object enters when inside, and leaves when it is so many pixels outside; jitter "
        "of less than half of it is no coming and going.",
    )
    loitering: Seconds | None = Field(None, description="Report objects that stay so many seconds.")
    overcrowding: OvercrowdingConfig | None = Field(None, description="When the zone is too full.")

    def points(self) -> Iterator[Point]:
        return iter(self.polygon)


class LineRule(AnchoredRule):
    """A line: who crosses it. From its left to its right, seen from `start` towards `end`, is in."""

    type: Literal["line"] = Field(description="The kind of rule.")
    start: Point = Field(description="One end of the line.")
    end: Point = Field(description="The other end.")
    infinite: bool = Field(False, description="Count crossings beyond its ends, too.")
    band: Pixels = Field(
        20.0,
        description="Pixels. An object changes sides when it has gone from one edge of this band around the "
        "line to the other: jitter of less than half of it never counts.",
    )
    again: bool = Field(True, description="Count an object that turns back again; once altogether otherwise.")

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise _wrong("length", "a line needs two different points; `start` and `end` are the same")
        return self

    def points(self) -> Iterator[Point]:
        return iter((self.start, self.end))


class DirectionRule(AnchoredRule):
    """A direction of movement: who goes that way."""

    type: Literal["direction"] = Field(description="The kind of rule.")
    start: Point = Field(description="Where the arrow begins that shows the direction.")
    end: Point = Field(description="Where it points to.")
    tolerance: float = Field(
        45.0, gt=0, le=180, description="Degrees by which a movement may deviate from it."
    )
    distance: Pixels = Field(
        50.0, gt=0, description="Pixels an object has to move before its direction counts."
    )

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise _wrong("length", "an arrow needs two different points; `start` and `end` are the same")
        return self

    def points(self) -> Iterator[Point]:
        return iter((self.start, self.end))


Corners = tuple[Point, Point, Point, Point]
Metres = tuple[float, float]


class GroundConfig(ConfigModel):
    """Four points on the ground and where they are in reality, to measure in metres."""

    picture: Corners = Field(description="Four points of the picture, in the rule's units.")
    metres: tuple[Metres, Metres, Metres, Metres] = Field(
        description="The same points on the ground, in metres from anywhere."
    )

    @model_validator(mode="after")
    def _no_three_on_a_line(self) -> Self:
        for points in (self.picture, self.metres):
            scale = max(math.dist(a, b) for a, b in combinations(points, 2))
            if any(abs(turn(a, b, c)) <= 1e-6 * scale * scale for a, b, c in combinations(points, 3)):
                raise _wrong("ground", "no three of the four points may lie on one line")
        return self


class SpeedRule(AnchoredRule):
    """How fast objects move: who is too fast, who has stopped. Pixels a second; metres with `ground`."""

    type: Literal["speed"] = Field(description="The kind of rule.")
    ground: GroundConfig | None = Field(None, description="Measure in metres a second, by these points.")
    window: Seconds = Field(1.0, gt=0, description="Seconds over which the speed is measured, at least.")
    limit: float | None = Field(None, gt=0, description="Report objects that are faster.")
    stopped_below: float | None = Field(
        None,
        ge=0,
        description="An object slower than this stands still (30 pixels/s or 0.5 m/s where absent),",
    )
    stopped_after: Seconds | None = Field(
        None, description="and is reported as stopped after so many seconds; never where absent."
    )

    def points(self) -> Iterator[Point]:
        return iter(self.ground.picture if self.ground else ())

    @property
    def standstill(self) -> float:
        """The speed below which an object stands still, in the rule's unit."""
        if self.stopped_below is not None:
            return self.stopped_below
        return 0.5 if self.ground else 30.0


class HeatmapRule(AnchoredRule):
    """Where objects spend their time: seconds by cell of a grid over the picture."""

    type: Literal["heatmap"] = Field(description="The kind of rule.")
    columns: int = Field(64, ge=1, le=512, description="Cells from left to right.")
    rows: int = Field(36, ge=1, le=512, description="Cells from top to bottom.")
    half_life: Seconds | None = Field(
        None, gt=0, description="Seconds after which time spent counts half; for ever where absent."
    )


def _type_of(value: Any) -> Any:
    return value.get("type") if isinstance(value, Mapping) else getattr(value, "type", None)


Rule = Annotated[
    Annotated[ZoneRule, Tag("zone")]
    | Annotated[LineRule, Tag("line")]
    | Annotated[DirectionRule, Tag("direction")]
    | Annotated[SpeedRule, Tag("speed")]
    | Annotated[HeatmapRule, Tag("heatmap")],
    Discriminator(
        _type_of,
        custom_error_type="rule_type",
        custom_error_message="a rule has a `type`: zone, line, direction, speed or heatmap",
    ),
]


RULE_MODELS: Mapping[str, type[_Rule]] = {
    "zone": ZoneRule,
    "line": LineRule,
    "direction": DirectionRule,
    "speed": SpeedRule,
    "heatmap": HeatmapRule,
}
"""By `type`, in the order in which the manual has them."""


def duplicate_names(rules: Iterable[Rule]) -> list[tuple[int, str]]:
    """Position and name of each rule whose name an earlier one has."""
    seen: set[str] = set()
    found = []
    for position, rule in enumerate(rules):
        if rule.name in seen:
            found.append((position, rule.name))
        seen.add(rule.name)
    return found


def unknown_classes(rules: Iterable[Rule], known: Iterable[str]) -> list[tuple[int, int, str]]:
    """Classes that the model doesn't know: position of the rule, position in its list, name."""
    names = frozenset(known)
    return [
        (position, place, name)
        for position, rule in enumerate(rules)
        for place, name in enumerate(rule.classes or ())
        if name not in names
    ]


def unknown_cameras(rules: Iterable[Rule], known: Iterable[str]) -> list[tuple[int, int, str]]:
    """Cameras that aren't configured: position of the rule, position in its list, id."""
    ids = frozenset(known)
    return [
        (position, place, camera)
        for position, rule in enumerate(rules)
        for place, camera in enumerate(rule.cameras or ())
        if camera not in ids
    ]
