"""Whether a polygon's edges cross; coordinates may be of any unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice, pairwise

Corner = tuple[float, float]
"""x, and y, which grows downwards."""


def crossing_edges(corners: Sequence[Corner]) -> bool:
    """Whether two edges of a closed polygon have a point in common that isn't their common corner."""
    edges = list(pairwise((*corners, corners[0])))
    # From left to right: an edge is compared with those alone that begin before it ends.
    spans = sorted((min(a[0], b[0]), max(a[0], b[0]), index) for index, (a, b) in enumerate(edges))
    for place, (_, right, index) in enumerate(spans):
        for left, _, other in islice(spans, place + 1, None):
            if left > right:
                break
            if _meet(edges, *sorted((index, other))):
                return True
    return False


def _meet(edges: Sequence[tuple[Corner, Corner]], i: int, j: int) -> bool:
    """Whether the ``j``-th edge meets the ``i``-th, an earlier one, elsewhere than in their common corner."""
    one, other = edges[i], edges[j]
    if j == i + 1 or (i == 0 and j == len(edges) - 1):
        shared, before, after = (one[1], one[0], other[1]) if j == i + 1 else (one[0], one[1], other[0])
        # The second goes back over the first.
        return turn(before, shared, after) == 0 and _dot(shared, before, after) > 0
    return _touch(one, other)


def turn(a: Corner, b: Corner, c: Corner) -> float:
    """Twice the triangle's area: above 0 where its corners go round clockwise, 0 where they lie on a line."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _dot(origin: Corner, a: Corner, b: Corner) -> float:
    return (a[0] - origin[0]) * (b[0] - origin[0]) + (a[1] - origin[1]) * (b[1] - origin[1])


def _touch(one: tuple[Corner, Corner], other: tuple[Corner, Corner]) -> bool:
    (a, b), (c, d) = one, other
    sides = [math.copysign(1, side) if side else 0.0 for side in (turn(a, b, c), turn(a, b, d))]
    others = [math.copysign(1, side) if side else 0.0 for side in (turn(c, d, a), turn(c, d, b))]
    if sides[0] * sides[1] < 0 and others[0] * others[1] < 0:
        return True
    ends = [(a, b, c, sides[0]), (a, b, d, sides[1]), (c, d, a, others[0]), (c, d, b, others[1])]
    return any(side == 0 and _dot(point, start, end) <= 0 for start, end, point, side in ends)
