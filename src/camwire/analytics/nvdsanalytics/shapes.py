"""Polygons, arrows and lines in pixels of a stream's frames, and the questions asked of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from camwire.analytics.nvdsanalytics.carith import divided, int32, single, truncated
from camwire.analytics.nvdsanalytics.settings import Point

Vector = tuple[float, float]

PARALLEL = 1e-5
"""Two lines whose normals' cross product is smaller don't meet."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From configured coordinates to a stream's pixels."""

    x: float
    y: float

    @classmethod
    def between(cls, configured: tuple[int, int], frame: tuple[int, int]) -> Scale:
        factors = (divided(single(to), single(of)) for of, to in zip(configured, frame, strict=True))
        return cls(*map(single, factors))

    def __call__(self, point: Point) -> Point:
        """The point's pixel: products in single precision, cut off."""
        x, y = point
        return truncated(single(single(x) * self.x)), truncated(single(single(y) * self.y))


class Polygon:
    """A closed polygon; inside is where a ray to the left crosses an odd number of edges."""

    __slots__ = ("_edges",)

    def __init__(self, points: Sequence[Point]) -> None:
        following = [*points[1:], points[0]]
        self._edges = [
            (min(y0, y1), max(y0, y1), y0 - y1, x1 - x0, y1 * x0 - x1 * y0)
            for (x0, y0), (x1, y1) in zip(points, following, strict=True)
            if y0 != y1
        ]

    def contains(self, x: int, y: int) -> bool:
        """An edge counts from its upper end to just above its lower one, left of and at ``x``.

        Crossings with a negative x don't count, and each crossing's x is cut off to an integer.
        """
        inside = False
        for low, high, a, b, c in self._edges:
            if low <= y < high and 0 <= int(-int32(b * y + c) / a) <= x:
                inside = not inside
        return inside


def unit_vector(start: Vector, end: Vector) -> Vector:
    """The direction from start to end; (0, 0) where they coincide."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.sqrt(dx * dx + dy * dy)
    return (0.0, 0.0) if length < 1e-9 else (dx / length, dy / length)


def goes_along(direction: Vector, x: int, y: int, least_cosine: float) -> bool:
    """Whether the movement (x, y) goes in the direction, as far as the cosine between them tells."""
    x, y = int32(x), int32(y)
    if x == 0 and y == 0:
        return False
    square = int32(x * x + y * y)
    if square <= 0:  # Overflown: DeepStream's cosine is not a number, and that passes.
        return True
    return not (direction[0] * x + direction[1] * y) / math.sqrt(square) < least_cosine


class Coefficients:
    """The line a·x + b·y + c = 0 through two points, with (a, b) one long, so the sum is in pixels."""

    __slots__ = ("a", "b", "c")

    def __init__(self, start: Vector, end: Vector) -> None:
        self.a = start[1] - end[1]
        self.b = end[0] - start[0]
        self.c = start[0] * end[1] - end[0] * start[1]
        self.normalise()

    def normalise(self) -> None:
        """Make (a, b) one long; not a number where the two points coincide."""
        length = math.sqrt(self.a * self.a + self.b * self.b)
        self.a, self.b, self.c = divided(self.a, length), divided(self.b, length), divided(self.c, length)

    def distance(self, x: float, y: float) -> float:
        """Signed, in pixels."""
        return self.a * x + self.b * y + self.c

    def meets(self, other: Coefficients) -> Vector | None:
        """The point where both lines meet.

        Both are normalised once more, and stay so, which can change their last bits; DeepStream does that,
        and it shows in which side of a slanting line a point exactly on it is.
        """
        self.normalise()
        other.normalise()
        determinant = self.a * other.b - self.b * other.a
        if abs(determinant) < PARALLEL:
            return None
        x = (-self.c * other.b + self.b * other.c) / determinant
        y = (-self.a * other.c + self.c * other.a) / determinant
        return x, y


class Sense(Enum):
    """From which side to which a line is to be crossed."""

    DIRECTION = "the arrow's direction decides"
    TO_NEGATIVE = "from the positive side to the negative one"
    TO_POSITIVE = "from the negative side to the positive one"


def _product(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1]


def crossing_sense(arrow: tuple[Vector, Vector], ends: tuple[Vector, Vector]) -> Sense:
    """Which way the arrow points over the line, wherever the arrow is drawn."""
    line = Coefficients(*ends)
    meeting = Coefficients(*arrow).meets(line)
    if meeting is None:
        return Sense.DIRECTION
    along = unit_vector(*arrow)
    for point, nothing in zip(arrow, (1e-5, 0.0), strict=True):
        cosine = _product(unit_vector(point, meeting), along)
        side = line.distance(*point)
        if (cosine > 0.99 and side > nothing) or (cosine < -0.99 and side < nothing):
            return Sense.TO_NEGATIVE
        if (cosine < -0.99 and side > nothing) or (cosine > 0.99 and side < nothing):
            return Sense.TO_POSITIVE
    return Sense.DIRECTION


@dataclass(slots=True)
class CountingLine:
    """A line between two points with the arrow in whose sense crossing it counts."""

    arrow: tuple[Point, Point]
    ends: tuple[Point, Point]
    along: Vector = field(init=False)
    """The arrow's unit vector."""
    sense: Sense = field(init=False)
    line: Coefficients = field(init=False)

    def __post_init__(self) -> None:
        self.along = unit_vector(*self.arrow)
        self.sense = crossing_sense(self.arrow, self.ends)
        self.line = Coefficients(*self.ends)

    def crossed_along(self, start: Point, end: Point, least_cosine: float) -> bool:
        """Whether the movement goes the arrow's way, from a whole pixel on one side to one on the other."""
        if not goes_along(self.along, end[0] - start[0], end[1] - start[1], least_cosine):
            return False
        before, after = truncated(self.line.distance(*start)), truncated(self.line.distance(*end))
        return (after > 0 > before) or (after < 0 < before)

    def crossed_in_sense(self, start: Vector, end: Vector) -> bool:
        """Whether the movement leads from the side where the arrow begins onto the line or over it."""
        before, after = self.line.distance(*start), self.line.distance(*end)
        if self.sense is Sense.TO_POSITIVE:
            return after >= 0 and before < 0
        return after <= 0 and before > 0

    def meets_between_ends(self, start: Vector, end: Vector) -> bool:
        """Whether the infinite line of a movement meets this one between its ends."""
        meeting = Coefficients(start, end).meets(self.line)
        if meeting is None:
            return False
        first, second = self.ends
        reach = (meeting[0] - first[0], meeting[1] - first[1])
        whole = (float(second[0] - first[0]), float(second[1] - first[1]))
        return _product(reach, whole) > 0 and _product(whole, whole) > _product(reach, reach)
