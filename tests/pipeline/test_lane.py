"""Lanes with stand-in stages: order, accounting and what a failing stage costs."""

import random
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from camwire.analytics.rules.events import Event
from camwire.devices.contracts import Overlay
from camwire.frames import Detections, Size, Tracks
from camwire.pipeline.lane import Lanes
from camwire.pipeline.policy import BatchPolicy
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.slots import Slots
from camwire.pipeline.stages import Stages
from camwire.sources import SourceReport
from tests.support.frames import frame
from tests.support.waiting import wait_for

LIVE = SourceReport("live", None, None, "h264", 640, 360, 0, {})


class Device:
    """Draws nothing: a picture is its frame's name, a JPEG its bytes."""

    name = "stand-in"
    batch_size = 2
    lanes = 3

    def render(self, batch, chosen, tracks, overlay):
        return [f"{batch.frames[i].camera}/{batch.frames[i].sequence}" for i in chosen]

    def encode(self, pictures, quality):
        return [picture.encode() for picture in pictures]


class Tracker:
    """Notes the order in which frames come."""

    def __init__(self):
        self.seen, self.forgotten = [], []

    def step(self, batch, detections):
        self.seen += [(f.camera, f.sequence) for f in batch.frames]
        return Tracks.empty()

    def forget(self, camera):
        self.forgotten.append((camera, len(self.seen)))


class Rules:
    """Note what they are shown, and when they forget."""

    def __init__(self, tracker):
        self.tracker, self.seen, self.forgotten = tracker, [], []
        self.reported = frozenset()

    def step(self, batch, tracks):
        self.seen += [(f.camera, f.sequence) for f in batch.frames]
        assert self.seen == self.tracker.seen, "the tracker comes first, and in the same order"
        return [
            Event("in", "door", f.camera, f.captured, f.sequence, None, None, {})
            for f in batch.frames
            if (f.camera, f.sequence) in self.reported
        ]

    def forget(self, camera):
        assert self.tracker.forgotten[-1][0] == camera, "the tracker comes first"
        self.forgotten.append(camera)


class Run:
    """Lanes over patient slots, so that every frame goes through."""

    def __init__(self, detect=lambda batch: Detections.empty(), *, device=None, accepts=True, **stages):
        self.tracker, self.sent, self.made, self.accepts = Tracker(), [], [], accepts
        self.rules = Rules(self.tracker)
        self.recorder = Recorder()
        for camera in "ab":
            self.recorder.add(camera)
        self.slots = Slots(BatchPolicy(2, 0.001), on_overwritten=lambda lost: None, patient=True)
        self.slots.add("a")
        self.slots.add("b")
        settings = {
            "views": {"a": {"full": 0.0}, "b": {"full": 0.0}},
            "max_fps": 0.0,
            "jpeg_quality": 85,
            "thumbnail": Size(32, 18),
        } | stages
        self.lanes = Lanes(
            self.slots,
            self.recorder,
            self._publish,
            count=3,
            expected=lambda: 2,
            stages=Stages(
                device=device or Device(),
                detect=detect,
                tracker=self.tracker,
                analysis=self.rules,
                overlay=Overlay(frozenset({"boxes"}), ("person",)),
                **settings,
            ),
        )

    def _publish(self, sent, payload, rendition):
        self.sent.append((sent.camera, sent.sequence, payload))
        self.made.append((rendition, sent))
        return self.accepts

    def put(self, count):
        self.lanes.start()
        sources = [threading.Thread(target=self._source, args=(camera, count)) for camera in "ab"]
        for source in sources:
            source.start()
        for source in sources:
            source.join(30)
        wait_for(lambda: self.recorder.under_way == 0, "every frame to come out")
        return self

    def _source(self, camera, count):
        for number in range(count):
            one = frame(camera, number)
            self.recorder.arrived(one)
            assert self.slots.put(one)

    def end(self):
        self.slots.close()
        assert self.lanes.join(5)
        return {camera: self.recorder.report(camera, LIVE, time.monotonic()) for camera in "ab"}


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


def test_a_camera_that_nobody_watches_is_tracked_but_not_drawn():
    run = Run(views={"a": {"full": 0.0}}).put(10)
    reports = run.end()
    assert {camera for camera, _, _ in run.sent} == {"a"}
    assert len(run.tracker.seen) == 20
    assert reports["b"].drops == {"unwatched": 10}


def test_pictures_over_the_cap_are_counted():
    run = Run(max_fps=5.0).put(50)  # the frames' clock runs at 25 a second
    report = run.end()["a"]
    assert report.frames_out in (10, 11)  # two seconds at 5 a second, both ends included
    assert report.drops == {"fps_cap": 50 - report.frames_out}


def test_a_link_that_refuses_is_counted():
    report = Run(accepts=False).put(10).end()["a"]
    assert (report.frames_out, report.drops) == (0, {"link": 10})


@pytest.mark.parametrize("stage", ["detect", "track", "render", "encode"])
def test_a_failing_stage_costs_its_batch_and_nothing_else(stage):
    calls = {"count": 0}

    def sometimes(function):
        def call(*arguments):
            calls["count"] += 1
            if calls["count"] % 4 == 0:
                raise RuntimeError("as planned")
            return function(*arguments)

        return call

    device = Device()
    run = Run(device=device)
    if stage == "track":
        run.tracker.step = sometimes(run.tracker.step)
    elif stage == "detect":
        run.lanes.stages = Stages(
            device,
            sometimes(lambda batch: Detections.empty()),
            run.tracker,
            run.rules,
            run.lanes.stages.overlay,
            run.lanes.stages.views,
            0.0,
            85,
            Size(32, 18),
        )
    else:
        setattr(device, stage, sometimes(getattr(device, stage)))
    reports = run.put(40).end()
    for report in reports.values():
        assert report.frames_in == 40 == report.frames_out + report.drops["error"]
    assert sum(report.frames_out for report in reports.values()) > 40


def unknown_class(batch, detections):
    """Tracks of a class that the model doesn't have."""
    count = len(batch)
    return replace(
        Tracks.empty(),
        boxes=np.tile(np.float32([10, 10, 50, 50]), (count, 1)),
        scores=np.ones(count, np.float32),
        classes=np.full(count, 56, np.int32),
        ids=np.ones(count, np.int64),
        frame_index=np.arange(count, dtype=np.int32),
        detections=np.zeros(count, np.int32),
        ages=np.ones(count, np.int32),
        velocities=np.zeros((count, 2), np.float32),
        traces=np.zeros((count, 0, 2), np.float32),
    )


def raising(*arguments):
    raise RuntimeError("as planned")


@pytest.mark.parametrize("part", ["processed", "timed", "_chosen", "_made", "_publish", "_illustrate_events"])
def test_whatever_fails_every_lane_goes_on(part):
    """Were a turnstile not passed, all other lanes would wait at it for ever."""
    run = Run(event_pictures=("full",))
    run.rules.reported = frozenset({("a", 3), ("b", 5)})
    if part == "processed":
        run.tracker.step = unknown_class
        run.rules.step = lambda batch, tracks: []
    else:
        setattr(run.recorder if part == "timed" else run.lanes, part, raising)
    reports = run.put(10).end()
    lost = 0 if part in ("timed", "_illustrate_events") else 10
    for report in reports.values():
        assert (report.frames_in, report.frames_out, report.drops.get("error", 0)) == (10, 10 - lost, lost)
    assert run.lanes.under_way.oldest() is None


def test_a_list_of_objects_that_cannot_be_made_costs_its_batch_alone():
    run = Run(views={"a": {"objects": 0.0}, "b": {"full": 0.0}})
    run.lanes.stages = replace(run.lanes.stages, analysed=raising)
    run.tracker.step = lambda batch, detections: replace(
        unknown_class(batch, detections), classes=np.zeros(len(batch), np.int32)
    )
    run.rules.step = lambda batch, tracks: []
    reports = run.put(10).end()
    assert reports["a"].drops == {"error": 10}
    assert all(
        report.frames_in == report.frames_out + sum(report.drops.values()) for report in reports.values()
    )


def test_forgetting_that_fails_lets_the_others_through():
    run = Run().put(5)
    run.tracker.forget = raising
    with pytest.raises(RuntimeError, match="as planned"):
        run.lanes.forget("a")
    del run.tracker.forget
    more = frame("b", 5)
    run.recorder.arrived(more)
    assert run.slots.put(more)
    wait_for(lambda: run.recorder.under_way == 0, "the next frame to come out")
    run.end()


def test_forgetting_waits_for_every_frame_under_way():
    run = Run().put(30)
    run.lanes.forget("a")
    run.end()
    assert run.tracker.forgotten == [("a", 60)]
    assert run.rules.forgotten == ["a"]
    assert run.rules.seen == run.tracker.seen


def test_rules_that_fail_cost_no_picture():
    run = Run()

    def fail(batch, tracks):
        raise RuntimeError("as planned")

    run.rules.step = fail
    reports = run.put(20).end()
    assert [(report.frames_out, report.drops) for report in reports.values()] == [(20, {}), (20, {})]
    assert 20 <= run.recorder.failures["analyse"] <= 40, "one of each batch"


def test_forgetting_after_the_end_does_not_block():
    run = Run().put(1)
    run.end()
    run.lanes.forget("a")
    assert run.tracker.forgotten == []


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
    from tests.support.frames import batch

    recorder.processed(batch(frame("a")), tracks, ("person", "dog", "car"), 0.0)
    assert recorder.report("a", LIVE, 0.0).objects == {"person": 2, "car": 1}
    assert (
        recorder.report("a", SourceReport("retrying", "refused", None, None, 0, 0, 0, {}), 0.0).objects == {}
    )


def test_each_rendition_is_made_once_and_only_where_it_is_wanted():
    drawn = []

    class Noting(Device):
        def render(self, batch, chosen, tracks, overlay):
            drawn.extend((batch.frames[i].camera, batch.frames[i].size, overlay.toggles) for i in chosen)
            return super().render(batch, chosen, tracks, overlay)

    views = {"a": {"thumbnail": 0.0, "clean": 0.0}, "b": {"objects": 0.0}}
    run = Run(device=Noting(), views=views).put(5)
    reports = run.end()
    assert len(drawn) == 10, "an object list needs no drawing"
    assert {(camera, toggles) for camera, _, toggles in drawn} == {
        ("a", frozenset({"boxes"})),
        ("a", frozenset()),
    }
    made = [(rendition, sent.camera) for rendition, sent in run.made]
    assert {one: made.count(one) for one in made} == {
        ("thumbnail", "a"): 5,
        ("clean", "a"): 5,
        ("objects", "b"): 5,
    }
    assert {sent.size for rendition, sent in run.made if rendition == "thumbnail"} == {Size(32, 18)}
    assert {sent.size for rendition, sent in run.made if rendition == "clean"} == {frame("a", 0).size}
    assert {"render", "encode"} <= reports["a"].latency_ms.keys()
    assert {"render", "encode", "total"} & reports["b"].latency_ms.keys() == {"total"}
    assert [reports[camera].frames_out for camera in "ab"] == [5, 5]
    assert [reports[camera].drops for camera in "ab"] == [{}, {}]


def test_the_lowest_rate_that_is_wanted_is_the_rate_at_which_is_drawn():
    run = Run(views={"a": {"full": 5.0, "objects": 0.0}, "b": {"full": 5.0}}).put(100)  # 10 pictures a second
    reports = run.end()
    made = [(rendition, sent.camera) for rendition, sent in run.made]
    assert made.count(("objects", "a")) == 100
    full = made.count(("full", "b"))
    assert full < 100
    assert reports["a"].drops == {}, "of each frame at least the objects went out"
    assert reports["b"].drops == {"fps_cap": 100 - full}


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


@pytest.mark.parametrize("views", [{}, {"a": {"full": 0.0}, "b": {"full": 0.0}}])
def test_frames_of_events_have_their_pictures_whether_or_not_anyone_watches(views):
    run = Run(views=views, event_pictures=("full", "clean"))
    run.rules.reported = frozenset({("a", 3), ("a", 7), ("b", 3)})
    reports = run.put(10).end()
    shown = [(rendition, one.camera, one.sequence) for rendition, one in run.made if "event" in rendition]
    assert sorted(shown) == sorted(
        (rendition, camera, number)
        for rendition in ("event", "event_clean")
        for camera, number in run.rules.reported
    )
    for report in reports.values():
        assert report.frames_in == report.frames_out + sum(report.drops.values()) == 10
        assert report.frames_out == (10 if views else 0)


def test_a_picture_of_an_event_that_cannot_be_drawn_costs_nothing_else():
    class Broken(Device):
        def render(self, batch, chosen, tracks, overlay):
            raise RuntimeError("no pencil")

    run = Run(views={}, device=Broken(), event_pictures=("full",))
    run.rules.reported = frozenset({("a", 3)})
    reports = run.put(10).end()
    assert run.made == []
    assert reports["a"].drops["unwatched"] == 10
