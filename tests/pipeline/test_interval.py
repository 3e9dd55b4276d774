"""Every k-th frame, whatever becomes of the others."""

from hypothesis import given
from hypothesis import strategies as st

from camwire.pipeline.interval import Intervals
from tests.support.frames import frame


def due(intervals: Intervals, *frames: tuple[str, int, int]) -> list[bool]:
    answer = intervals.due([frame(camera, sequence, epoch=epoch) for camera, sequence, epoch in frames])
    return [True] * len(frames) if answer is None else answer.tolist()


def test_every_kth_frame_of_the_cameras_that_ask_for_it() -> None:
    intervals = Intervals({"a": 3, "b": 1})
    answers = [due(intervals, ("a", n, 0), ("b", n, 0)) for n in range(7)]
    assert [a for a, _ in answers] == [True, False, False, True, False, False, True]
    assert all(b for _, b in answers)


def test_without_intervals_there_is_nothing_to_ask() -> None:
    assert Intervals({"a": 1}).due([frame("a"), frame("b")]) is None


def test_frames_that_were_left_out_count() -> None:
    intervals = Intervals({"a": 4})
    assert [due(intervals, ("a", n, 0))[0] for n in (1, 3, 5, 6, 13)] == [True, False, True, False, True]


def test_a_new_connection_is_looked_at_at_once() -> None:
    intervals = Intervals({"a": 100})
    assert due(intervals, ("a", 5, 0)) == [True]
    assert due(intervals, ("a", 6, 0)) == [False]
    assert due(intervals, ("a", 7, 1)) == [True]


@given(st.integers(2, 7), st.permutations(range(40)))
def test_no_more_than_one_of_k_and_each_stretch_of_k_at_most_once(k: int, order: list[int]) -> None:
    """Batches under way may ask in any order."""
    intervals = Intervals({"a": k})
    looked = [n for n in order if due(intervals, ("a", n, 0))[0]]
    assert len({n // k for n in looked}) == len(looked)
