"""Clocks, interruptions and ids of cameras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camwire.frames import Size
from camwire.tracking.cameras import Cameras
from tests.tracking.scenes import frame


def test_a_clock_goes_by_the_frames_time_within_a_connection():
    cameras = Cameras()
    first = cameras.advance((frame("a", 100.0, arrived=5.0),))
    second = cameras.advance((frame("a", 100.5, arrived=9.0),))
    assert (first.first.tolist(), first.dt.tolist()) == ([True], [0.0])
    assert (second.first.tolist(), second.dt.tolist(), second.now.tolist()) == ([False], [0.5], [0.5])


def test_a_clock_goes_by_arrival_across_connections():
    cameras = Cameras()
    cameras.advance((frame("a", 100.0, arrived=5.0),))
    moment = cameras.advance((frame("a", 3.0, epoch=1, arrived=9.0),))
    assert (moment.dt.tolist(), moment.interrupted.tolist()) == ([4.0], [True])


def test_time_never_goes_back():
    cameras = Cameras()
    cameras.advance((frame("a", 100.0),))
    assert cameras.advance((frame("a", 99.0),)).dt.tolist() == [0.0]


def test_another_size_is_noticed():
    cameras = Cameras()
    cameras.advance((frame("a", 0.0),))
    assert cameras.advance((frame("a", 1.0, size=Size(640, 360)),)).resized.tolist() == [True]
    assert cameras.advance((frame("a", 2.0, size=Size(640, 360)),)).resized.tolist() == [False]


def test_positions_of_cameras_in_a_batch():
    cameras = Cameras()
    cameras.advance((frame("a", 0.0), frame("b", 0.0), frame("c", 0.0)))
    moment = cameras.advance((frame("c", 1.0), frame("a", 1.0)))
    assert moment.position.tolist() == [1, -1, 0]
    assert moment.slots.tolist() == [2, 0]


def test_a_forgotten_cameras_number_is_used_again_and_its_ids_go_on():
    cameras = Cameras()
    cameras.advance((frame("a", 50.0),))
    cameras.new_ids(np.array([0, 0]))
    assert cameras.forget("a") == 0
    assert cameras.forget("a") is None
    assert cameras.advance((frame("b", 7.0),)).first.tolist() == [True]
    assert cameras.new_ids(np.array([0])).tolist() == [1]
    moment = cameras.advance((frame("a", 60.0),))
    assert (moment.slots.tolist(), moment.first.tolist(), moment.dt.tolist()) == ([1], [True], [0.0])
    assert cameras.new_ids(np.array([1])).tolist() == [3]


@given(st.lists(st.lists(st.integers(0, 3)), max_size=10))
def test_ids_count_up_in_every_camera(requests):
    cameras = Cameras()
    cameras.advance(tuple(frame(name, 0.0) for name in "abcd"))
    given_ids = {slot: [] for slot in range(4)}
    for slots in requests:
        grouped = np.array(sorted(slots), np.intp)
        for slot, number in zip(grouped.tolist(), cameras.new_ids(grouped).tolist(), strict=True):
            given_ids[slot].append(number)
    for numbers in given_ids.values():
        assert numbers == list(range(1, len(numbers) + 1))
