"""A camera's time axis: strictly growing, whatever the timestamps are."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.sources.clock import MOST_AHEAD, SMALLEST_STEP, StreamClock

stamps = st.none() | st.floats(-1e6, 1e6) | st.sampled_from([0.0, 2.0**32 / 90_000, 2.0**33 / 90_000])
steps = st.floats(0, 10)


@given(st.lists(st.tuples(stamps, steps), min_size=2), st.booleans())
def test_grows_strictly_whatever_comes(pictures: list[tuple[float | None, float]], live: bool) -> None:
    clock = StreamClock(interval=0.04, live=live)
    arrived, times = 1000.0, []
    for stamp, step in pictures:
        arrived += step
        times.append(clock.time(stamp, arrived))
    assert times[0] == 0
    assert all(later - earlier >= SMALLEST_STEP * 0.99 for earlier, later in pairwise(times))


@given(st.lists(st.floats(0.002, 0.9), min_size=1), st.floats(0, 1e5), st.booleans())
def test_sane_steps_are_kept(gaps: list[float], start: float, live: bool) -> None:
    clock = StreamClock(interval=0.04, live=live)
    stamp, expected = start, 0.0
    clock.time(stamp, 0.0)
    for gap in gaps:
        stamp, expected = stamp + gap, expected + gap
        assert clock.time(stamp, expected) == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.floats(0.001, 5), min_size=1), st.sampled_from([None, 7.0]))
def test_live_missing_or_standing_timestamps_give_way_to_arrivals(
    gaps: list[float], stamp: float | None
) -> None:
    clock = StreamClock(interval=0.04, live=True)
    arrived = 50.0
    clock.time(stamp, arrived)
    for gap in gaps:
        arrived += gap
        assert clock.time(stamp, arrived) == pytest.approx(arrived - 50.0)


@pytest.mark.parametrize("leap", [-2000.0, -0.5, 30.0, 1e6])
def test_live_leap_is_bridged_by_arrival_and_then_trusted_again(leap: float) -> None:
    clock = StreamClock(interval=0.04, live=True)
    assert clock.time(1.0, 10.0) == 0
    assert clock.time(1.04, 10.05) == pytest.approx(0.04)
    assert clock.time(1.08 + leap, 10.1) == pytest.approx(0.09)
    assert clock.time(1.12 + leap, 10.1) == pytest.approx(0.13)


def test_live_burst_after_a_pause_keeps_the_cameras_own_steps() -> None:
    clock = StreamClock(interval=0.04, live=True)
    clock.time(0.0, 0.0)
    assert [clock.time(0.04 * n, 5.0) for n in range(1, 5)] == pytest.approx([0.04, 0.08, 0.12, 0.16])


@pytest.mark.parametrize("pace", [1.0005, 2.5, 10.0])
def test_a_camera_that_counts_more_time_than_passes_is_held_back(pace: float) -> None:
    """In the dark many send fewer pictures, and go on counting as if they sent them all."""
    clock = StreamClock(interval=0.04, live=True)
    times = [clock.time(number * pace / 10, number / 10) for number in range(36_000)]
    assert times[-1] == pytest.approx(3600 * min(pace, 1.001), abs=MOST_AHEAD)
    assert times[-1] - times[-101] == pytest.approx(10 * min(pace, 1.001), abs=0.1)


def test_what_a_camera_had_kept_comes_with_its_own_steps() -> None:
    clock = StreamClock(interval=0.04, live=True)
    kept = [clock.time(number / 25, 100.0) for number in range(200)]
    now = [clock.time(8 + number / 25, 100 + number / 25) for number in range(1, 500)]
    assert [later - earlier for earlier, later in pairwise(kept)] == pytest.approx([0.04] * 199)
    assert [later - earlier for earlier, later in pairwise(now)] == pytest.approx([0.04] * 498)


def test_file_without_timestamps_goes_by_its_nominal_rate() -> None:
    clock = StreamClock(interval=0.04, live=False)
    assert [clock.time(None, 0.0) for _ in range(3)] == pytest.approx([0, 0.04, 0.08])


def test_file_gap_of_hours_is_a_leap() -> None:
    clock = StreamClock(interval=0.04, live=False)
    assert [clock.time(stamp, 0.0) for stamp in (0.0, 10_000.0, 10_000.5)] == pytest.approx([0, 0.04, 0.54])
