"""The books that are kept of every camera's frames."""

import time
from dataclasses import replace

import numpy as np

from camwire.frames import Tracks
from camwire.pipeline.recorder import Recorder
from camwire.sources import SourceReport
from tests.pipeline.lanes import LIVE
from tests.support.frames import batch, frame


def test_clearing_counts_anew_and_the_books_still_balance():
    recorder = Recorder()
    recorder.add("a")
    for number in range(5):
        recorder.arrived(frame("a", number))
    recorder.published(frame("a", 0))
    recorder.lost((frame("a", 1),), "link")
    recorder.clear()
    assert recorder.under_way == 3
    report = recorder.report("a", LIVE, time.monotonic())
    assert (report.frames_in, report.frames_out, report.drops) == (3, 0, {})


def test_objects_are_counted_by_class():
    recorder = Recorder()
    recorder.add("a")
    tracks = Tracks.empty()
    tracks = Tracks(
        boxes=np.zeros((3, 4), np.float32),
        scores=np.ones(3, np.float32),
        classes=np.array([0, 2, 0], np.int32),
        ids=np.arange(3),
        frame_index=np.zeros(3, np.int32),
        detections=np.arange(3, dtype=np.int32),
        ages=np.ones(3, np.int32),
        velocities=np.zeros((3, 2), np.float32),
        traces=tracks.traces,
    )
    recorder.processed(batch(frame("a")), tracks, ("person", "dog", "car"), 0.0)
    assert recorder.report("a", LIVE, 0.0).objects == {"person": 2, "car": 1}
    assert (
        recorder.report("a", SourceReport("retrying", "refused", None, None, 0, 0, 0, {}), 0.0).objects == {}
    )


def test_what_the_source_discards_is_counted_once() -> None:
    recorder = Recorder()
    recorder.add("a")
    recorder.arrived(frame("a", 0))

    def report(late: int):
        return recorder.report("a", replace(LIVE, discarded={"late": late} if late else {}), time.monotonic())

    report(2)
    assert (report(3).frames_in, report(3).drops) == (4, {"late": 3})
    recorder.clear()
    assert (report(3).frames_in, report(3).drops) == (1, {})
    assert report(5).drops == {"late": 2}
    assert recorder.under_way == 1
