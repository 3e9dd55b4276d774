"""Rates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.monitoring.rates import Rate


@given(fps=st.floats(2.0, 200.0), seconds=st.floats(3.0, 40.0), start=st.floats(0.0, 1e6))
def test_a_steady_stream_has_its_rate(fps, seconds, start):
    rate = Rate(window=10.0)
    for frame in range(int(fps * seconds)):
        rate.add(start + frame / fps)
    # One frame more or less at the window's ends.
    assert rate.per_second(start + int(fps * seconds) / fps) == pytest.approx(fps, abs=1.0)


def test_the_rate_falls_to_nothing_when_nothing_comes():
    rate = Rate(window=10.0)
    for frame in range(250):
        rate.add(frame / 25)
    assert rate.per_second(10.0) == pytest.approx(25, rel=0.05)
    assert rate.per_second(15.0) == pytest.approx(12.5, rel=0.1)
    assert rate.per_second(25.0) == 0


def test_the_first_frame_alone_is_no_great_rate():
    rate = Rate(window=10.0)
    assert rate.per_second(3.0) == 0
    rate.add(3.0)
    assert rate.per_second(3.0) == 1.0


def test_several_at_once_count_each():
    rate = Rate(window=10.0)
    rate.add(0.0, count=30)
    assert rate.per_second(2.0) == 15.0
