"""OC-SORT's own rules."""

from dataclasses import replace

import numpy as np
import pytest

from camwire.config.tracker import TrackerConfig
from camwire.tracking import create
from camwire.tracking.engine import Engine
from camwire.tracking.ocsort import OcSort, OcSortParameters
from tests.tracking.scenes import box, ids, run


@pytest.fixture
def tracker():
    return create(TrackerConfig(type="ocsort", trace_length=4))


def test_three_matches_in_a_row_confirm(tracker):
    results = run(tracker, [[], [box(100)], [box(100)], [], [box(100)], [box(100)], [box(100)]])
    assert [ids(tracks) for tracks in results] == [[], [], [], [], [], [], [1]]


def test_weak_detections_are_ignored(tracker):
    results = run(tracker, [[box(100)], [box(100, score=0.5)], [box(100)]])
    assert [ids(tracks) for tracks in results] == [[1], [], [1]]


def test_an_object_that_stopped_out_of_sight_is_found_where_it_was_last_seen(tracker):
    # It walks, halts behind something and comes out where it went in: far from where it was expected.
    walking = [[box(100 + 12 * step)] for step in range(10)]
    results = run(tracker, [*walking, *[[]] * 15, [box(208)], [box(208)]])
    assert [ids(tracks) for tracks in results[-2:]] == [[1], [1]]


def test_a_gap_is_bridged_by_a_straight_line_whatever_was_expected_meanwhile(tracker):
    """After the gap the velocity is that of the way between the observations, not the one before it."""
    walking = [[box(100 + 2 * step)] for step in range(10)]
    slow = [box(118 + 8)]
    results = run(tracker, [*walking, *[[]] * 15, slow])
    expected = 8 / (16 / 25)
    assert ids(results[-1]) == [1]
    np.testing.assert_allclose(results[-1].velocities[0, 0], expected, atol=12)
    assert results[9].velocities[0, 0] > 30


def test_of_two_detections_the_one_ahead_is_preferred(tracker):
    """The one to the side overlaps the expected place a little more; the direction outweighs that."""
    walking = [[box(100 + 2 * step)] for step in range(20)]
    ahead, aside = box(140 + 7, y=300), box(140, y=300 + 14)
    last = run(tracker, [*walking, [aside, ahead]])[-1]
    assert (ids(last), last.detections.tolist()) == ([1], [1])
    undirected = Engine(OcSort(replace(OcSortParameters(), direction_weight=0.0)), trace_length=4)
    assert run(undirected, [*walking, [aside, ahead]])[-1].detections.tolist() == [0]
