"""When silence means that a connection is dead."""

from hypothesis import given
from hypothesis import strategies as st

from camwire.sources.pace import LONGEST_PATIENCE, REMEMBERED, Pace
from camwire.sources.reconnect import STALLED, Reconnect

LEAST = 3.0


def test_a_fast_camera_is_given_the_least() -> None:
    pace = Pace()
    for _ in range(100):
        pace.packet(0.04)
    assert pace.patience(LEAST) == LEAST


def test_a_slow_camera_is_given_up_once_and_then_waited_for() -> None:
    """One picture in five seconds, the first at once."""
    pace, gap, lost = Pace(), 5.0, 0
    while True:
        pace.connected()
        pace.packet(0.0)
        if pace.patience(LEAST) > gap:
            break
        pace.silent()
        lost += 1
    assert lost == 1
    for _ in range(100):
        pace.packet(gap)
        assert pace.patience(LEAST) == 2 * gap


def test_one_whose_pace_is_known_is_not_waited_for_longer_each_time() -> None:
    pace = Pace()
    for _ in range(10):
        pace.connected()
        for _ in range(REMEMBERED):
            pace.packet(0.1)
        pace.silent()
        assert pace.patience(LEAST) == LEAST


def test_a_fast_connection_ends_the_patience_that_earlier_ones_earned() -> None:
    pace = Pace()
    for _ in range(5):
        pace.connected()
        pace.silent()
    assert pace.patience(LEAST) == LONGEST_PATIENCE
    for _ in range(REMEMBERED):
        pace.packet(0.04)
    assert pace.patience(LEAST) == LEAST


@given(st.lists(st.one_of(st.floats(0, 1e6), st.none())), st.floats(0.1, 100))
def test_patience_has_its_bounds(waits: list[float | None], least: float) -> None:
    pace = Pace()
    pace.connected()
    for waited in waits:
        if waited is None:
            pace.silent()
            pace.connected()
        else:
            pace.packet(waited)
        assert least <= pace.patience(least) <= max(least, LONGEST_PATIENCE)


def test_a_slow_camera_does_not_count_as_stalled_between_its_pictures() -> None:
    reconnect = Reconnect(lambda: 1.0)
    reconnect.trying(0.0)
    reconnect.picture(1.0)
    assert reconnect.state(1.0 + STALLED + 0.5).phase == "stalled"
    assert reconnect.state(6.0, pace=5.0).phase == "live"
    assert reconnect.state(11.5, pace=5.0).phase == "stalled"
