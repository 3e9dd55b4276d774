"""When the pictures of a file are due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.sources.pacing import FURTHEST_BEHIND, Pacer


@given(st.lists(st.floats(0.01, 2), min_size=1), st.floats(0, 1e6))
def test_on_time_pictures_keep_the_files_own_distances(gaps: list[float], start: float) -> None:
    pacer, time, now = Pacer(), 0.0, start
    assert pacer.due(time, now) == start
    for gap in gaps:
        time += gap
        now = pacer.due(time, now)
        assert now - start == pytest.approx(time, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0.001, 2), st.floats(0, 5)), min_size=1))
def test_never_more_than_a_second_behind(pictures: list[tuple[float, float]]) -> None:
    pacer, time, now = Pacer(), 0.0, 100.0
    pacer.due(time, now)
    for gap, work in pictures:
        time, now = time + gap, now + work
        due = pacer.due(time, now)
        assert now - due <= FURTHEST_BEHIND + 1e-6
        now = max(now, due)


def test_little_delays_are_caught_up_with() -> None:
    pacer = Pacer()
    pacer.due(0.0, 10.0)
    assert pacer.due(0.1, 10.9) == pytest.approx(10.1)
    assert pacer.due(2.0, 11.0) == pytest.approx(12.0)


def test_long_delays_are_not() -> None:
    pacer = Pacer()
    pacer.due(0.0, 10.0)
    assert pacer.due(0.1, 15.0) == 15.0
    assert pacer.due(0.2, 15.0) == pytest.approx(15.1)


def test_a_new_turn_follows_without_a_gap() -> None:
    pacer = Pacer()
    for time in (0.0, 0.5, 1.0):
        pacer.due(time, 20.0 + time)
    pacer.new_turn()
    assert pacer.due(0.0, 21.01) == pytest.approx(21.5)
    assert pacer.due(0.5, 21.6) == pytest.approx(22.0)
