"""When people are told of damaged pictures."""

from hypothesis import given
from hypothesis import strategies as st

from camwire.sources.soundness import WINDOW, Soundness


def told(soundness: Soundness, start: float, seconds: float, damaged_each: int, before: int = 0) -> int:
    """Ten sound pictures a second, and with each so many damaged ones; returns how many there were."""
    damaged = before
    for index in range(round(seconds * 10)):
        damaged += damaged_each
        soundness.picture(start + index / 10, damaged)
    return damaged


def test_nothing_is_said_of_sound_pictures() -> None:
    soundness = Soundness()
    assert soundness.complaint() is None
    told(soundness, 0.0, 60, 0)
    assert soundness.complaint() is None


def test_damage_is_said_within_seconds_and_forgotten_as_soon() -> None:
    soundness = Soundness()
    told(soundness, 0.0, 60, 0)
    damaged = told(soundness, 60.0, 2, 1)
    assert "% of its pictures are damaged" in (soundness.complaint() or "")
    told(soundness, 62.0, WINDOW + 1, 0, damaged)
    assert soundness.complaint() is None


def test_a_single_one_is_not_worth_saying() -> None:
    soundness = Soundness()
    soundness.picture(0.0, 0)
    soundness.picture(0.1, 1)
    assert soundness.complaint() is None


def test_half_is_half() -> None:
    soundness = Soundness()
    told(soundness, 0.0, 10, 1)
    assert (soundness.complaint() or "").startswith("50%")


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 10))))
def test_the_share_is_one(steps: list[tuple[float, int]]) -> None:
    soundness, now, damaged = Soundness(), 0.0, 0
    for step, bad in steps:
        now, damaged = now + step, damaged + bad
        soundness.picture(now, damaged)
        complaint = soundness.complaint()
        assert complaint is None or 10 <= int(complaint.split("%")[0]) <= 100
