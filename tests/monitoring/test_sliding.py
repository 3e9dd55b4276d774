"""Sliding counts against a list of everything that was counted."""

from hypothesis import given
from hypothesis import strategies as st

from camwire.monitoring.sliding import SlidingCounts

WINDOW, SLICES = 10.0, 5


@given(st.lists(st.floats(-30.0, 100.0), max_size=60), st.floats(0.0, 30.0))
def test_the_total_is_of_the_slices_in_the_window(times, later):
    counts = SlidingCounts(WINDOW, SLICES, width=1)
    newest = float("-inf")
    remembered: list[float] = []
    for time in times:
        newest = max(newest, time)
        row = counts.row(time)
        assert (row is None) == (time < counts.start(newest))
        if row is not None:
            row[0] += 1
            remembered.append(time)
    now = max(times, default=0.0) + later
    assert counts.total(now)[0] == sum(time >= counts.start(now) for time in remembered)
    assert now - counts.start(now) + 1e-9 >= WINDOW - WINDOW / SLICES
    assert now - counts.start(now) < WINDOW + 1e-9
