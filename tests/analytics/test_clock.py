"""A camera's continuous time."""

from hypothesis import given
from hypothesis import strategies as st

from camwire.analytics.clock import CameraClock
from camwire.frames import Frame, Size


def frame(time, epoch=0, arrived=None):
    size = Size(2, 2)
    return Frame("gate", 0, epoch, None, size, size, time, time if arrived is None else arrived, 0.0, 0.0)


def test_it_follows_the_frames():
    clock = CameraClock()
    assert [clock.tick(frame(time)) for time in (7.0, 7.5, 9.0)] == [7.0, 7.5, 9.0]


def test_it_goes_on_over_a_reconnect_by_what_passed_meanwhile():
    clock = CameraClock()
    clock.tick(frame(100.0, epoch=0, arrived=50.0))
    assert clock.tick(frame(3.0, epoch=1, arrived=52.0)) == 102.0
    assert clock.tick(frame(3.5, epoch=1, arrived=52.6)) == 102.5


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(-1e6, 1e6), st.floats(0, 1e6)), min_size=1, max_size=20)
)
def test_it_never_goes_back(frames):
    clock = CameraClock()
    times = [clock.tick(frame(time, epoch, arrived)) for epoch, time, arrived in frames]
    assert times == sorted(times)
