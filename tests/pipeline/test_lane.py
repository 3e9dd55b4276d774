"""Lanes: order, accounting and forgetting."""

import random
import threading
import time

from camwire.frames import Detections
from tests.pipeline.lanes import Run
from tests.support.waiting import wait_for


def test_frames_are_tracked_and_published_in_order_however_long_detection_takes():
    chance = random.Random(7)

    def detect(batch):
        time.sleep(chance.random() * 0.003)  # stands for an inference that takes its time
        return Detections.empty()

    run = Run(detect).put(60)
    reports = run.end()
    for camera in "ab":
        assert [n for c, n in run.tracker.seen if c == camera] == list(range(60))
        assert [n for c, n, _ in run.sent if c == camera] == list(range(60))
        report = reports[camera]
        assert (report.frames_in, report.frames_processed, report.frames_out, report.drops) == (
            60,
            60,
            60,
            {},
        )
        stages = {"decode", "queue", "detect", "track", "analyse", "render", "encode", "total"}
        assert set(report.latency_ms) >= stages


def test_a_link_that_refuses_is_counted():
    report = Run(accepts=False).put(10).end()["a"]
    assert (report.frames_out, report.drops) == (0, {"link": 10})


def test_forgetting_waits_for_every_frame_under_way():
    run = Run().put(30)
    run.lanes.forget("a")
    run.end()
    assert run.tracker.forgotten == [("a", 60)]
    assert run.rules.forgotten == ["a"]
    assert run.rules.seen == run.tracker.seen


def test_forgetting_after_the_end_does_not_block():
    run = Run().put(1)
    run.end()
    run.lanes.forget("a")
    assert run.tracker.forgotten == []


def test_what_is_done_between_batches_waits_for_every_batch_under_way():
    run = Run().put(10)
    seen = []
    assert run.lanes.between_batches(lambda: seen.append(len(run.tracker.seen)))
    assert seen == [20]
    run.end()
    assert not run.lanes.between_batches(lambda: seen.append(0)), "too late: the lanes have ended"
    assert seen == [20]


def test_the_next_batch_is_tracked_while_the_rules_look_at_this_one():
    run = Run()
    step, waited = run.rules.step, []

    def patient(batch, tracks):
        if not waited:
            wait_for(lambda: len(run.tracker.seen) > len(batch), "the next batch to be tracked")
            waited.append(batch)
        return step(batch, tracks)

    run.rules.step = patient
    run.put(10).end()
    assert waited
    assert run.rules.seen == run.tracker.seen


def test_while_there_is_no_room_in_detection_frames_gather():
    entered, leave, sizes = threading.Semaphore(0), threading.Semaphore(0), []

    def detect(batch):
        sizes.append(len(batch))
        entered.release()
        assert leave.acquire(timeout=30)
        return Detections.empty()

    run = Run(detect, detecting=1)
    run.lanes.start()
    run.give("a", 0)
    assert entered.acquire(timeout=30)
    run.give("b", 0)
    assert not entered.acquire(timeout=0.1), "a frame is on its way that has waited long enough"
    run.give("a", 1)
    leave.release(2)
    wait_for(lambda: run.recorder.under_way == 0, "every frame to come out")
    run.end()
    assert sizes == [1, 2]


def test_whatever_fails_in_detection_leaves_room_for_the_next_batch():
    def detect(batch):
        raise RuntimeError("out of order")

    run = Run(detect, detecting=1).put(10)
    assert run.end()["a"].drops == {"error": 10}
