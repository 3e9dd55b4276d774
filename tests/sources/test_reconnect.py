"""When a lost camera is tried again, and what is said about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.sources.reconnect import (
    LONG_AWAY,
    LONG_AWAY_DELAY,
    LONGEST_DELAY,
    SETTLED,
    SHORTEST_DELAY,
    SMALLEST_PAUSE,
    Reconnect,
)


def machine(random: float = 1.0) -> Reconnect:
    return Reconnect(lambda: random)


def delays(
    reconnect: Reconnect, start: float, count: int, *, try_takes: float = 0.0, login_refused: bool = False
) -> list[float]:
    """Fail ``count`` times; seconds from the beginning of each try to the next."""
    now, found = start, []
    for _ in range(count):
        reconnect.trying(now)
        following = reconnect.failed(now + try_takes, "refused", login_refused=login_refused)
        found.append(following - now)
        now = following
    return found


def test_delays_grow_from_half_a_second_to_four() -> None:
    assert delays(machine(), 0.0, 6) == pytest.approx([0.5, 1, 2, 4, 4, 4])


def test_after_ten_minutes_a_camera_is_tried_twice_a_minute() -> None:
    found = delays(machine(), 0.0, 160)
    assert sum(delay <= LONGEST_DELAY for delay in found) * LONGEST_DELAY >= LONG_AWAY
    assert found[-1] == LONG_AWAY_DELAY


def test_a_password_that_never_worked_is_tried_ever_less() -> None:
    """Cameras lock accounts."""
    found = delays(machine(), 0.0, 9, login_refused=True)
    assert found == pytest.approx([0.5, 1, 60, 120, 240, 480, 600, 600, 600])


def test_a_password_that_has_worked_is_tried_as_any_camera_is() -> None:
    reconnect = machine()
    reconnect.trying(0.0)
    reconnect.picture(1.0)
    reconnect.failed(9.0, "broken off")
    assert delays(reconnect, 10.0, 6, login_refused=True) == pytest.approx([1, 2, 4, 4, 4, 4])


def test_another_fault_than_the_password_is_no_login() -> None:
    reconnect = machine()
    delays(reconnect, 0.0, 5, login_refused=True)
    assert delays(reconnect, 1000.0, 1) == pytest.approx([LONG_AWAY_DELAY])
    assert delays(reconnect, 1100.0, 2, login_refused=True)[-1] <= LONG_AWAY_DELAY


@given(st.floats(0, 1), st.integers(1, 300), st.floats(0, 3.5))
def test_delays_stay_within_bounds(random: float, count: int, try_takes: float) -> None:
    for delay in delays(machine(random), 1000.0, count, try_takes=try_takes):
        assert try_takes + SMALLEST_PAUSE - 1e-6 <= delay
        assert 0.75 * SHORTEST_DELAY - 1e-6 <= delay <= LONG_AWAY_DELAY + 1e-6


@given(st.floats(0, 1), st.floats(0, LONG_AWAY - 5), st.floats(0, 3.5))
def test_a_camera_that_is_back_is_tried_within_five_seconds(
    random: float, away: float, try_takes: float
) -> None:
    """``away`` seconds; the try that is under way then still fails."""
    reconnect, now = machine(random), 0.0
    while now <= away:
        reconnect.trying(now)
        now = reconnect.failed(now + try_takes, "silent")
    assert now - away <= 5.0


def test_cameras_lost_together_come_back_apart() -> None:
    assert delays(machine(0.0), 0.0, 4) == pytest.approx([0.375, 0.75, 1.5, 3])


def test_tries_that_time_out_are_as_frequent_as_those_that_are_refused() -> None:
    assert delays(machine(), 0.0, 5, try_takes=3.5)[-1] == pytest.approx(4.0)


def test_a_good_connection_starts_the_delays_anew() -> None:
    reconnect = machine()
    delays(reconnect, 0.0, 5)
    reconnect.trying(50.0)
    reconnect.picture(50.1)
    reconnect.picture(50.1 + SETTLED)
    assert reconnect.failed(60.0, "ended") == pytest.approx(60.5)


def test_a_connection_that_breaks_at_once_does_not() -> None:
    reconnect = machine()
    now = 0.0
    for expected in (0.5, 1, 2, 4, 4):
        reconnect.trying(now)
        reconnect.picture(now + 0.1)
        assert reconnect.failed(now + 0.2, "ended") == pytest.approx(now + 0.2 + expected)
        now += 10


def test_a_picture_ends_being_away() -> None:
    reconnect = machine()
    delays(reconnect, 0.0, 200)
    reconnect.trying(5000.0)
    reconnect.picture(5000.1)
    assert reconnect.failed(5000.2, "ended") == pytest.approx(5004.2)


def test_phases_of_a_camera_that_comes_goes_and_comes_back() -> None:
    reconnect = machine()
    reconnect.trying(0.0)
    assert reconnect.state(0.5).phase == "connecting"
    assert reconnect.state(0.5).reason is None
    assert reconnect.state(2.5).reason == "no answer for 2 s"
    reconnect.connected()
    assert reconnect.state(2.6).reason == "connected, but no picture for 3 s"
    reconnect.picture(3.0)
    assert reconnect.state(4.9).phase == "live"
    assert reconnect.state(5.1).phase == "stalled"
    assert reconnect.state(5.1).reason == "no picture for 2 s"
    retry_at = reconnect.failed(6.0, "gone silent")
    state = reconnect.state(6.1)
    assert (state.phase, state.reason, state.retry_at) == ("retrying", "gone silent", retry_at)
    reconnect.trying(retry_at)
    state = reconnect.state(retry_at + 0.1)
    assert (state.phase, state.reason, state.retry_at) == ("retrying", "gone silent", None)
    reconnect.picture(retry_at + 0.2)
    assert reconnect.state(retry_at + 0.3).phase == "live"
