"""Every k-th frame, whatever becomes of the others."""

from hypothesis import given
from hypothesis import strategies as st

from camwire.frames import Batch, Detections
from camwire.pipeline.interval import Intervals
from tests.support.frames import batch, detections, frame


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


def test_what_is_found_in_some_frames_is_told_as_of_the_whole_batch() -> None:
    intervals, seen = Intervals({"a": 2}), []

    def detect(batch: Batch) -> Detections:
        seen.append([frame.camera for frame in batch.frames])
        return detections(*[[[0, 0, 9, 9, 0.5, len(batch.frames)]]] * len(batch.frames))

    everyone = intervals.look(batch(frame("a", 0), frame("b", 0)), detect)
    assert (everyone.detected, everyone.frame_index.tolist()) == (None, [0, 1])
    others = intervals.look(batch(frame("b", 1), frame("a", 1), frame("c", 1)), detect)
    assert others.detected is not None
    assert (others.detected.tolist(), others.frame_index.tolist()) == ([True, False, True], [0, 2])
    intervals.look(batch(frame("a", 2)), detect)
    nothing = intervals.look(batch(frame("a", 3)), detect)
    assert nothing.detected is not None
    assert (nothing.detected.tolist(), len(nothing)) == ([False], 0)
    assert seen == [["a", "b"], ["b", "c"], ["a"]]


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
