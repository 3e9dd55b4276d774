"""Which pictures are too late to be worth work."""

from hypothesis import given
from hypothesis import strategies as st

from camwire.sources.lateness import LONGEST_GAP, LatenessGate

FPS = 25


def test_pictures_in_time_pass() -> None:
    gate = LatenessGate(0.05)
    assert not any(gate.is_late(n / FPS, 100 + n / FPS, 0.03) for n in range(100))


def test_of_a_pile_only_the_last_is_worth_work() -> None:
    gate = LatenessGate(0.05)
    for n in range(10):
        gate.is_late(n / FPS, 100 + n / FPS, 0.03)
    pile = [gate.is_late(n / FPS, 100 + 20 / FPS, 0.0) for n in range(11, 21)]
    assert pile == [*[True] * 8, False, False]  # the last two are within 50 ms


def test_a_network_that_became_slower_for_good_loses_none() -> None:
    gate = LatenessGate(0.05)
    for n in range(10):
        gate.is_late(n / FPS, 100 + n / FPS, 0.03)
    assert not any(gate.is_late(n / FPS, 100.4 + n / FPS, 0.03) for n in range(10, 100))


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(0, 0.4), st.floats(0, 0.1)), min_size=2))
def test_something_is_shown_at_least_twice_a_second(pictures: list[tuple[float, float, float]]) -> None:
    gate, arrived, shown = LatenessGate(0.0), 100.0, None
    for time, passed, waited in pictures:
        arrived += passed
        if not gate.is_late(time, arrived, waited):
            shown = arrived
        assert shown is not None
        assert arrived - shown < LONGEST_GAP
