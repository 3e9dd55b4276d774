import threading

from camwire.pipeline.policy import BatchPolicy
from camwire.pipeline.slots import Slots
from tests.support.frames import frame
from tests.support.waiting import wait_for


def slots_for(*cameras, size=4, max_wait=0.0, **options):
    lost = []
    slots = Slots(BatchPolicy(size, max_wait), on_overwritten=lost.append, **options)
    for camera in cameras:
        slots.add(camera)
    return slots, lost


def test_the_newest_frame_wins_and_the_older_one_is_told():
    slots, lost = slots_for("a")
    older, newer = frame("a", 1), frame("a", 2)
    assert slots.put(older)
    assert slots.put(newer)
    assert lost == [older]
    assert slots.take(lambda: 1).frames == (newer,)


def test_tickets_count_batches_without_a_gap():
    slots, _ = slots_for("a", "b", size=1)
    slots.put(frame("a"))
    slots.put(frame("b"))
    assert [slots.take(lambda: 1).ticket, slots.empty_batch().ticket, slots.take(lambda: 1).ticket] == [
        0,
        1,
        2,
    ]


def test_a_busy_camera_does_not_starve_a_quiet_one():
    now = iter(range(100))
    slots, _ = slots_for("busy", "quiet", size=1, clock=lambda: float(next(now)))
    slots.put(frame("busy", 0))
    slots.put(frame("quiet", 0))
    slots.put(frame("busy", 1))  # overwrites: keeps its place in the queue, does not go behind or before
    assert slots.take(lambda: 2).frames[0].camera == "busy"
    slots.put(frame("busy", 2))
    assert slots.take(lambda: 2).frames[0].camera == "quiet"


def test_a_frame_of_an_unknown_camera_is_refused():
    slots, lost = slots_for("a")
    assert not slots.put(frame("b"))
    assert lost == []


def test_removing_a_camera_returns_its_frame():
    slots, _ = slots_for("a")
    waiting = frame("a")
    slots.put(waiting)
    assert slots.remove("a") == [waiting]
    assert slots.remove("a") == []
    assert not slots.put(frame("a"))


def test_closing_ends_all_waiting_and_returns_what_is_left():
    slots, _ = slots_for("a", "b", size=4, max_wait=1e9)
    results = []
    thread = threading.Thread(target=lambda: results.append(slots.take(lambda: 2)))
    thread.start()
    waiting = frame("a")
    slots.put(waiting)
    assert slots.close() == [waiting]
    thread.join(5)
    assert results == [None]
    assert slots.empty_batch() is None


def test_a_patient_slot_makes_its_source_wait():
    slots, lost = slots_for("a", patient=True)
    frames = [frame("a", n) for n in range(20)]
    source = threading.Thread(target=lambda: [slots.put(f) for f in frames])
    source.start()
    taken = [slots.take(lambda: 1).frames[0] for _ in frames]
    source.join(5)
    assert taken == frames
    assert lost == []


def test_where_frames_queue_they_wait_behind_each_other_for_the_slot():
    slots, lost = slots_for("a", "b", queued=True)
    frames = [frame(camera, n) for n in range(3) for camera in "ab"]
    assert all(slots.put(one) for one in frames)
    batches = [slots.take(lambda: 2).frames for _ in range(3)]
    assert batches == [tuple(frames[n : n + 2]) for n in (0, 2, 4)]
    assert lost == []


def test_a_queue_goes_with_its_camera_and_with_the_slots():
    slots, _ = slots_for("a", "b", queued=True)
    frames = {camera: [frame(camera, n) for n in range(3)] for camera in "ab"}
    for one in frames["a"] + frames["b"]:
        slots.put(one)
    assert slots.remove("a") == frames["a"]
    assert slots.close() == frames["b"]


def test_a_patient_source_is_freed_when_its_camera_goes():
    slots, _ = slots_for("a", patient=True)
    slots.put(frame("a", 0))
    outcome = []
    source = threading.Thread(target=lambda: outcome.append(slots.put(frame("a", 1))))
    source.start()
    slots.remove("a")
    wait_for(lambda: outcome, "the source to be freed")
    assert outcome == [False]


def test_what_one_lane_leaves_wakes_another():
    slots, _ = slots_for("a", "b", "c", size=2, max_wait=0.02)
    batches = []
    lanes = [threading.Thread(target=lambda: batches.append(slots.take(lambda: 3))) for _ in range(2)]
    for lane in lanes:
        lane.start()
    frames = [frame(camera) for camera in ("a", "b", "c")]
    for one in frames:
        slots.put(one)
    for lane in lanes:
        lane.join(5)
    assert sorted(f.camera for batch in batches for f in batch.frames) == ["a", "b", "c"]


def test_frames_beyond_a_size_that_suits_the_network_are_in_the_next_batch():
    slots = Slots(BatchPolicy(size=8, max_wait=0.0), on_overwritten=lambda _: None)
    for camera in "abcde":
        slots.add(camera)
        slots.put(frame(camera))
    taken = [slots.take(lambda: 8, (1, 4, 8)) for _ in range(2)]
    assert [[one.camera for one in batch.frames] for batch in taken] == [list("abcd"), ["e"]]
