"""Pictures a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.sources.rate import RateMeter


@given(st.floats(0.1, 240), st.integers(2, 200))
def test_a_steady_rate_is_found(rate: float, count: int) -> None:
    meter = RateMeter()
    for index in range(count):
        meter.count(500 + index / rate)
    assert meter.rate(500 + count / rate) == pytest.approx(rate, rel=1e-6)


def test_none_before_the_second_picture_and_after_the_last() -> None:
    meter = RateMeter()
    assert meter.rate(0) == 0
    meter.count(1.0)
    assert meter.rate(1.0) == 0
    meter.count(1.04)
    assert meter.rate(1.1) == pytest.approx(25)
    assert meter.rate(9.0) == 0
