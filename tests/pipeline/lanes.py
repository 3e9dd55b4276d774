"""Lanes over stand-in stages, for tests."""

import threading
import time

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

    def settle(self):
        """Any core will do."""

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
        tracked = self.tracker.seen[: len(self.seen)]
        assert self.seen == tracked, "the tracker comes first, and in the same order"
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

    def __init__(
        self, detect=lambda batch: Detections.empty(), *, device=None, accepts=True, detecting=None, **stages
    ):
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
            detecting=detecting,
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
            self.give(camera, number)

    def give(self, camera, number):
        one = frame(camera, number)
        self.recorder.arrived(one)
        assert self.slots.put(one)

    def end(self):
        self.slots.close()
        assert self.lanes.join(5)
        return {camera: self.recorder.report(camera, LIVE, time.monotonic()) for camera in "ab"}
