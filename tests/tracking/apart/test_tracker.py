"""A tracker in a process of its own does what it does in this one, and outlives its process."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from camwire.cores import ALLOWED
from camwire.frames import Detections, Tracks
from camwire.link.desired import DesiredTracker
from camwire.tracking import apart, create
from camwire.tracking.apart import ApartTracker, ProcessEndedError, TrackerFailedError
from camwire.tracking.apart.memory import LEAST
from camwire.tracking.apart.messages import REPORTED
from tests.support.waiting import wait_for
from tests.tracking.scenes import FOUND, batch_of, box, detections_of, frame, ids

pytestmark = pytest.mark.integration

KINDS = ("bytetrack", "ocsort", "sort")
STEPS = st.lists(st.tuples(FOUND, FOUND, st.booleans(), st.integers(0, 6)), min_size=2, max_size=10)
UNSEEN = replace(Detections.empty(), detected=np.zeros(2, np.bool_))
names = count()


def choice(kind="bytetrack"):
    return DesiredTracker(type=kind, trace_length=4)


@pytest.fixture
def tracker():
    tracker = apart.create(choice())
    yield tracker
    tracker.close()


@pytest.fixture(scope="module", params=KINDS)
def both(request):
    """A tracker in this process, and one in its own."""
    there = apart.create(choice(request.param))
    yield create(choice(request.param)), there
    there.close()


def differing(first: Tracks, second: Tracks) -> list[str]:
    pairs = ((name, getattr(first, name), getattr(second, name)) for name in REPORTED)
    return [
        name
        for name, a, b in pairs
        if a.dtype != b.dtype or not np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    ]


@settings(deadline=None, max_examples=30)
@given(steps=STEPS)
def test_it_says_what_the_tracker_says_in_this_process(both, steps):
    here, there = both
    cameras = [f"camera {next(names)}" for _ in range(2)]
    time = 0.0
    for first, second, looked, event in steps:
        time += 0.04 + 0.5 * (event == 1)
        frames = [frame(camera, time, epoch=int(event == 2)) for camera in cameras]
        found = detections_of(first, second) if looked else UNSEEN
        batch = batch_of(*frames)
        assert differing(here.step(batch, found), there.step(batch, found)) == []
        if event == 3:
            here.forget(cameras[0])
            there.forget(cameras[0])
    assert here.rejected == there.rejected


def test_an_empty_batch(both):
    here, there = both
    batch = batch_of()
    assert differing(here.step(batch, Detections.empty()), there.step(batch, Detections.empty())) == []


def test_crowds_need_more_memory_than_there_is_at_first(both):
    here, there = both
    rows = [[box(20 + 15 * n, 60 + 110 * y) for n in range(80) for y in range(6)] for _ in range(8)]
    cameras = [f"crowd {next(names)}" for _ in rows]
    for number in range(3):
        batch = batch_of(*(frame(camera, number / 25) for camera in cameras))
        tracks = there.step(batch, detections_of(*rows))
        assert differing(here.step(batch, detections_of(*rows)), tracks) == []
    assert sum(getattr(tracks, name).nbytes for name in REPORTED) > 2 * LEAST


def walk(tracker, begin, end, camera="a"):
    """One object's way from picture to picture; the ids reported in the last."""
    for number in range(begin, end):
        tracks = tracker.step(batch_of(frame(camera, number / 25)), detections_of([box(100 + number)]))
    return ids(tracks)


def died(tracker):
    process = psutil.Process(tracker.pid)
    process.kill()
    wait_for(lambda: process.status() == psutil.STATUS_ZOMBIE, "the process to be dead")


def test_after_its_process_was_killed_one_step_fails_and_ids_go_on(tracker):
    assert walk(tracker, 0, 3) == [1]
    assert walk(tracker, 0, 3, "b") == [1]
    killed = tracker.pid
    died(tracker)
    with capture_logs() as lines, pytest.raises(ProcessEndedError, match="it was killed by SIGKILL"):
        walk(tracker, 3, 4)
    assert [(line["log_level"], line["pid"], line["reason"]) for line in lines] == [
        ("error", killed, "it was killed by SIGKILL")
    ]
    assert walk(tracker, 4, 7) == [2]
    assert walk(tracker, 4, 7, "b") == [2]
    assert tracker.pid != killed


def test_ids_go_on_though_a_camera_was_forgotten_and_the_process_killed(tracker):
    walk(tracker, 0, 3)
    tracker.forget("a")
    died(tracker)
    tracker.forget("a")  # finds no process, and nothing to do
    assert walk(tracker, 0, 3) == [2]


def test_one_that_hangs_is_killed():
    tracker = ApartTracker(create(choice()), patience=0.3)
    walk(tracker, 0, 3)
    stopped = tracker.pid
    os.kill(stopped, signal.SIGSTOP)
    with pytest.raises(ProcessEndedError, match=r"no answer for 0\.3 s"):
        walk(tracker, 3, 4)
    assert not psutil.pid_exists(stopped)
    wait_for(lambda: walked(tracker), "a new process to answer in time")
    tracker.close()


def walked(tracker):
    """On a machine that has much else to do 0.3 seconds may not suffice at first."""
    try:
        return walk(tracker, 4, 7)
    except ProcessEndedError:
        return None


def test_what_the_tracker_raises_is_raised_here_and_costs_that_step_alone(tracker):
    walk(tracker, 0, 3)
    found = detections_of([box(103)])
    with pytest.raises(TrackerFailedError, match=r"(?s)in the tracking process:.*Traceback"):
        tracker.step(
            batch_of(frame("a", 3 / 25)),
            Detections(found.boxes, found.scores[:0], found.classes, found.frame_index),
        )
    assert walk(tracker, 4, 6) == [1]


def test_what_it_logs_and_counts_is_logged_and_counted_here(tracker):
    broken = detections_of([(10, 10, 5, 5, 0.9, 0)])
    with capture_logs() as lines:
        tracker.step(batch_of(frame("gate", 0.0)), broken)
    [line] = [line for line in lines if "boxes rejected" in line["event"]]
    assert (line["camera"], line["rejected"], line["log_level"]) == ("gate", 1, "warning")
    assert tracker.rejected == 1
    died(tracker)
    with pytest.raises(ProcessEndedError):
        walk(tracker, 0, 1)
    tracker.step(batch_of(frame("gate", 0.1)), broken)
    assert tracker.rejected == 2


def test_signals_to_stop_that_a_whole_group_gets_do_not_end_it(tracker):
    before = tracker.pid
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(before, number)
    assert walk(tracker, 0, 3) == [1]
    assert tracker.pid == before


def test_closing_ends_the_process_and_what_comes_after_is_refused(tracker):
    child = tracker.pid
    tracker.close()
    assert not psutil.pid_exists(child)
    with pytest.raises(ProcessEndedError, match="closed"):
        walk(tracker, 0, 1)
    tracker.forget("a")
    tracker.close()


def test_one_that_nobody_holds_any_more_leaves_no_process():
    tracker = apart.create(choice())
    child = tracker.pid
    del tracker
    assert not psutil.pid_exists(child)


def test_it_leaves_no_descriptors():
    def descriptors():
        found = set()
        for path in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # the one that lists them
                found.add(os.readlink(path))
        return found

    before = descriptors()
    for _ in range(2):
        tracker = apart.create(choice())
        died(tracker)
        with pytest.raises(ProcessEndedError):
            walk(tracker, 0, 1)
    assert descriptors() <= before


def test_it_ends_with_the_process_that_started_it():
    code = (
        "import sys; from camwire.tracking import apart; from camwire.link.desired import DesiredTracker;"
        "tracker = apart.create(DesiredTracker(type='sort', trace_length=4));"
        "print(tracker.pid, file=sys.stderr, flush=True); sys.stdin.read()"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    with worker:
        child = psutil.Process(int(worker.stderr.readline()))
        worker.kill()
        worker.wait()
        wait_for(lambda: not child.is_running(), "the tracking process to end")


def test_one_that_looks_at_pictures_stays_where_they_are():
    tracker = apart.create(choice("dcf"))
    assert not isinstance(tracker, ApartTracker)
    tracker.close()


def test_a_type_that_is_unknown_is_refused_as_ever():
    with pytest.raises(ValueError, match="unknown tracker"):
        apart.create(choice("nosuch"))


def test_it_may_use_every_core_though_it_was_started_by_a_thread_that_keeps_to_one():
    made = []

    def start():
        os.sched_setaffinity(0, {min(ALLOWED)})
        made.append(apart.create(choice()))
        assert os.sched_getaffinity(0) == {min(ALLOWED)}

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    (tracker,) = made
    assert set(psutil.Process(tracker.pid).cpu_affinity()) == ALLOWED
    tracker.close()
