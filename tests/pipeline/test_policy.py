from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.pipeline.policy import IN_VAIN, BatchPolicy, worthwhile

waiting_cameras = st.dictionaries(st.text(min_size=1, max_size=3), st.floats(0, 100), max_size=12)


def test_nothing_waits_nothing_is_due():
    assert BatchPolicy(size=4, max_wait=0.01).seconds_until_due({}, enough=4, now=1.0) == inf


def test_a_full_batch_is_due_at_once():
    policy = BatchPolicy(size=2, max_wait=0.01)
    assert policy.seconds_until_due({"a": 1.0, "b": 1.0}, policy.enough(expected=9), now=1.0) == 0


def test_a_batch_of_all_live_cameras_is_full():
    policy = BatchPolicy(size=32, max_wait=0.01)
    assert policy.seconds_until_due({"a": 1.0, "b": 1.0}, policy.enough(expected=2), now=1.0) == 0


def test_a_camera_that_sends_nothing_costs_the_others_max_wait_at_most():
    policy = BatchPolicy(size=32, max_wait=0.01)
    waiting = {"a": 1.0, "b": 1.004}
    assert abs(policy.seconds_until_due(waiting, enough=3, now=1.006) - 0.004) < 1e-9
    assert policy.seconds_until_due(waiting, enough=3, now=1.011) == 0


def test_those_who_waited_longest_go_first():
    assert BatchPolicy(size=2, max_wait=0).chosen({"a": 3.0, "b": 1.0, "c": 2.0}) == ["b", "c"]


@given(waiting_cameras, st.integers(1, 8), st.integers(0, 12), st.floats(0, 200))
def test_what_is_due_stays_due_and_is_within_bounds(waiting, size, expected, now):
    policy = BatchPolicy(size=size, max_wait=0.01)
    pause = policy.seconds_until_due(waiting, policy.enough(expected), now)
    assert pause >= 0
    assert (pause == inf) == (not waiting)
    if pause == 0:
        assert policy.seconds_until_due(waiting, policy.enough(expected), now + 1) == 0
    assert len(policy.chosen(waiting)) == min(size, len(waiting))


@pytest.mark.parametrize(
    ("waiting", "taken"),
    [
        (1, 1),
        (2, 2),
        (7, 7),
        (8, 8),
        (9, 8),
        (12, 8),
        (13, 8),
        (14, 14),
        (16, 16),
        (20, 16),
        (27, 16),
        (28, 28),
        (32, 32),
    ],
)
def test_what_would_be_computed_in_vain_waits_for_the_next_batch(waiting, taken):
    assert worthwhile(waiting, (1, 8, 16, 32)) == taken


@given(st.integers(1, 40), st.sets(st.integers(1, 40)).map(sorted))
def test_most_are_taken_and_little_is_in_vain_unless_there_is_no_better_size(waiting, sizes):
    taken = worthwhile(waiting, sizes)
    assert waiting / 2 < taken <= waiting
    above = next((size for size in sizes if size >= taken), taken)
    if taken < waiting:
        assert taken in sizes
    elif taken < above * (1 - IN_VAIN):
        assert not any(waiting / 2 < size < waiting for size in sizes)


def test_those_who_wait_for_the_next_batch_came_last():
    waiting = {name: float(number) for number, name in enumerate("cabedfgih")}
    assert BatchPolicy(size=32, max_wait=0).chosen(waiting, (1, 8, 16, 32)) == list("cabedfgi")
