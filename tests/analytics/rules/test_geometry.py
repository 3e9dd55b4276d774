"""Vectorised geometry against the plain formulas."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from camwire.analytics.rules.geometry import LineTable, PolygonTable, homography, projected
from camwire.analytics.rules.runs import Runs

coordinates = st.integers(0, 40).map(float)
points = st.tuples(coordinates, coordinates)


def one_each(places):
    """As many runs as points."""
    return Runs(np.array(places), np.ones(len(places), np.int64))


def plainly_inside(x, y, polygon):
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            odd = not odd
    return odd


def plain_distance(x, y, polygon):
    best = math.inf
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        squared = (x2 - x1) ** 2 + (y2 - y1) ** 2
        share = 0 if squared == 0 else ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / squared
        share = min(max(share, 0), 1)
        best = min(best, math.dist((x, y), (x1 + share * (x2 - x1), y1 + share * (y2 - y1))))
    return best


@given(st.lists(st.lists(points, min_size=3, max_size=7), min_size=1, max_size=4), st.data())
def test_polygons(polygons, data):
    asked = data.draw(st.lists(st.tuples(st.integers(0, len(polygons) - 1), points), min_size=1, max_size=9))
    which = np.array([place for place, _ in asked])
    # A third off the grid: a point exactly on an edge may fall to either side.
    x, y = (np.array(values) + 1 / 3 for values in zip(*(point for _, point in asked), strict=True))
    table = PolygonTable(polygons)
    inside, distance = table.inside(x, y, one_each(which)), table.distance(x, y, which)
    for at, (place, _) in enumerate(asked):
        far = plain_distance(x[at], y[at], polygons[place])
        assert distance[at] == pytest.approx(far, abs=1e-9)
        if far > 1e-6:
            assert inside[at] == plainly_inside(x[at], y[at], polygons[place])


@given(points, points, points)
def test_side_of_a_line(start, end, point):
    assume(start != end)
    (side,) = LineTable([(start, end)]).side(*(np.array([value]) for value in point), one_each([0]))
    cross = (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
    assert side == pytest.approx(cross / math.dist(start, end), abs=1e-9)


@pytest.mark.parametrize(
    ("from_x", "to_x", "between"),
    [(5, 5, True), (0, 0, True), (-0.01, -0.01, False), (10.01, 10.01, False), (-4, 6, True)],
)
def test_ways_that_meet_a_line_between_its_ends(from_x, to_x, between):
    table = LineTable([((0, 0), (10, 0))])
    start, end = ((np.array([float(x)]), np.array([y])) for x, y in ((from_x, -3.0), (to_x, 3.0)))
    assert table.meet_between_ends(start, end, np.array([0])) == [between]


@given(st.floats(-0.3, 0.3), st.floats(0.5, 2), st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_homography_maps_its_points_and_the_plane_between(tilt, scale, share):
    ground = [(0, 0), (10, 0), (10, 20), (0, 20)]

    def seen(x, y):
        depth = 1 + tilt * y / 20
        return 640 + scale * 30 * x / depth, 300 + scale * 10 * y / depth

    matrix = homography([seen(*point) for point in ground], ground)
    asked = [*ground, (10 * share[0], 20 * share[1])]
    x, y = (np.array(values) for values in zip(*(seen(*point) for point in asked), strict=True))
    mapped = np.column_stack(projected(x, y, np.repeat(matrix[None], len(asked), axis=0)))
    assert mapped == pytest.approx(np.array(asked, float), abs=1e-6)


def test_nothing_is_measured_beyond_the_horizon():
    ground = [(0, 0), (10, 0), (10, 100), (0, 100)]
    matrix = homography([(100, 400), (500, 400), (350, 200), (250, 200)], ground)
    x, y = projected(np.array([300.0, 300.0]), np.array([300.0, 10.0]), np.stack([matrix, matrix]))
    assert np.isnan(x).tolist() == np.isnan(y).tolist() == [False, True]
