"""Geometry for many points at once: tables of shapes, and with the points which of them each is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from camwire.analytics.rules.runs import Runs
from camwire.frames import BoolArray, Float64Array, Int64Array

Points = Sequence[tuple[float, float]]


class PolygonTable:
    """Closed polygons; those with fewer corners than the largest repeat their first one."""

    def __init__(self, polygons: Sequence[Points]) -> None:
        most = max(map(len, polygons), default=0)
        corners = np.array([[*polygon, *[polygon[0]] * (most - len(polygon) + 1)] for polygon in polygons])
        corners = corners.reshape(len(polygons), most + 1, 2)
        (x, y), (dx, dy) = corners[:, :-1].T, np.diff(corners, axis=1).T
        slope = np.divide(dx, dy, out=np.zeros_like(dx), where=dy != 0)
        self._heights = np.ascontiguousarray(corners[..., 1].T)
        """[edges + 1, polygons] the y of every edge's ends, each one's end being the next one's start."""
        self._edges = np.stack((x - slope * y, slope))
        """[2, edges, polygons] the x at height 0, and how x grows with the height."""
        self._stretches = np.stack((x, y, dx, dy, np.maximum(dx * dx + dy * dy, 1e-12)))
        """[5, edges, polygons] x and y of the start, the way from there to the end, its length squared."""
        self._bounds = np.array([x.min(axis=0), x.max(axis=0), y.min(axis=0), y.max(axis=0)])
        """[4, polygons] the box around each."""

    def inside(self, x: Float64Array, y: Float64Array, which: Runs) -> BoolArray:
        """[P] whether each point lies in its polygon."""
        left, right, top, bottom = which.of(self._bounds)
        found: BoolArray = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
        near = found.nonzero()[0]  # Few are; only they are worth a look at every edge.
        found[near] = self._is_enclosed(x[near], y[near], which.each()[near])
        return found

    def _is_enclosed(self, x: Float64Array, y: Float64Array, which: Int64Array) -> BoolArray:
        """[P] whether a ray from each point to the right crosses an odd number of its polygon's edges."""
        below = self._heights.take(which, axis=1) > y
        foot, slope = self._edges.take(which, axis=2)
        crossed = (below[:-1] != below[1:]) & (x < foot + slope * y)
        odd: BoolArray = np.logical_xor.reduce(crossed)
        return odd

    def distance(self, x: Float64Array, y: Float64Array, which: Int64Array) -> Float64Array:
        """[P] pixels from each point to the nearest edge of its polygon."""
        start_x, start_y, dx, dy, squared = self._stretches.take(which, axis=2)
        from_x, from_y = x - start_x, y - start_y
        share = np.minimum(np.maximum((from_x * dx + from_y * dy) / squared, 0), 1)
        gap_x, gap_y = from_x - share * dx, from_y - share * dy
        nearest: Float64Array = np.sqrt(np.minimum.reduce(gap_x * gap_x + gap_y * gap_y))
        return nearest


class LineTable:
    """Lines from a start to an end."""

    def __init__(self, lines: Sequence[Points]) -> None:
        start, end = np.array(lines, float).reshape(-1, 2, 2).swapaxes(0, 1)
        (x, y), (dx, dy) = start.T, (end - start).T
        length = np.hypot(dx, dy)
        self.unit = np.stack((dx, dy)) / length
        """[2, L] from start to end, one long."""
        ux, uy = self.unit
        self._normal = np.stack((-uy, ux, uy * x - ux * y))
        self._stretches = np.stack((x, y, dx, dy, dx * dx + dy * dy))
        """[5, L] x and y of the start, the way from there to the end, and its length squared."""

    def side(self, x: Float64Array, y: Float64Array, which: Runs) -> Float64Array:
        """[P] signed distance from each point to its line in pixels; positive to the right of its way."""
        return _signed_distance(x, y, which.of(self._normal))

    def meet_between_ends(
        self,
        start: tuple[Float64Array, Float64Array],
        end: tuple[Float64Array, Float64Array],
        which: Int64Array,
    ) -> BoolArray:
        """[P] whether ways from start to end that lead over the line do so between its ends."""
        normal = self._normal.take(which, axis=1)
        before, after = _signed_distance(*start, normal), _signed_distance(*end, normal)
        share = before / (before - after)
        x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        start_x, start_y, dx, dy, squared = self._stretches.take(which, axis=1)
        position = ((x - start_x) * dx + (y - start_y) * dy) / squared
        between: BoolArray = (position >= 0) & (position <= 1)
        return between


def _signed_distance(x: Float64Array, y: Float64Array, normal: Float64Array) -> Float64Array:
    """[P] from points to lines of these normals [3, P]."""
    a, b, c = normal
    distance: Float64Array = a * x + b * y + c
    return distance


def homography(picture: Points, ground: Points) -> Float64Array:
    """[3, 3], maps four points of the picture to four points on the ground, up to scale.

    Solves the eight linear equations of the direct linear transformation (Hartley and Zisserman,
    Multiple View Geometry, section 4.1) with the last element set to 1, in coordinates centred on the points.
    """
    centre = np.mean(picture, axis=0)
    rows, values = [], []
    for (x, y), (u, v) in zip(np.asarray(picture) - centre, ground, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    matrix = np.append(np.linalg.solve(np.array(rows), np.array(values)), 1).reshape(3, 3)
    shift = np.array([[1, 0, -centre[0]], [0, 1, -centre[1]], [0, 0, 1]])
    mapped: Float64Array = matrix @ shift
    return mapped


def projected(x: Float64Array, y: Float64Array, matrices: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Points [P] mapped by their homographies [P, 3, 3]; NaN on or beyond the horizon."""
    u, v, depth = np.einsum("pij,jp->ip", matrices, np.stack((x, y, np.ones(len(x)))))
    depth = np.where(depth > 1e-9, depth, np.nan)
    return u / depth, v / depth
