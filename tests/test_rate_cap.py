import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.rate_cap import RateCap


def admitted(times, max_fps):
    cap = RateCap()
    return [t for t in times if cap.admits(t, max_fps)]


@pytest.mark.parametrize(
    ("source_fps", "max_fps", "expected"),
    [(25, 20, 20), (30, 20, 20), (60, 7, 7), (10, 20, 10), (20, 20, 20)],
)
def test_the_rate_is_what_was_asked_for(source_fps, max_fps, expected):
    seconds = 30
    times = [n / source_fps for n in range(source_fps * seconds)]
    assert abs(len(admitted(times, max_fps)) - expected * seconds) <= 1


def test_no_cap():
    assert len(admitted([0.0, 0.0, 0.001], 0)) == 3


def test_a_pause_earns_no_burst():
    times = [0.0, 10.0, 10.001, 10.002, 10.003]
    assert admitted(times, 20) == [0.0, 10.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.floats(1, 60))
def test_never_above_the_cap_by_more_than_two_pictures_in_any_window(gaps, max_fps):
    times, now = [], 0.0
    for gap in gaps:
        now += gap / 10
        times.append(now)
    out = admitted(times, max_fps)
    for start in range(len(out)):
        for end in range(start, len(out)):
            # A picture takes its place in the schedule up to half an interval early, one interval late.
            assert end - start <= (out[end] - out[start]) * max_fps + 1.501
