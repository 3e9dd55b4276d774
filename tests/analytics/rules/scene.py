"""Scripted scenes: objects by their feet, turned into batches and tracks and put through an engine."""

import numpy as np

from camwire.analytics.rules import RuleEngine
from camwire.frames import Batch, Frame, Size, Tracks

SIZE = Size(1000, 500)
CLASSES = ("person", "car", "dog")
START = 1_000_000.0
"""UTC of the time 0."""


def obj(object_id, x, y, class_id=0, size=(40, 100)):
    """An object whose bottom centre is at (x, y)."""
    return object_id, class_id, (x - size[0] / 2, y - size[1], x + size[0] / 2, y)


def tracks_of(objects_by_frame):
    rows = [(index, *item) for index, objects in enumerate(objects_by_frame) for item in objects]
    count = len(rows)
    return Tracks(
        boxes=np.array([row[3] for row in rows], np.float32).reshape(count, 4),
        scores=np.full(count, 0.75, np.float32),
        classes=np.array([row[2] for row in rows], np.int32),
        ids=np.array([row[1] for row in rows], np.int64),
        frame_index=np.array([row[0] for row in rows], np.int32),
        detections=np.full(count, -1, np.int32),
        ages=np.ones(count, np.int32),
        velocities=np.zeros((count, 2), np.float32),
        traces=np.empty((count, 0, 2), np.float32),
    )


class Scene:
    """An engine and the events that it has reported so far."""

    def __init__(self, *rules, engine=None, out_of_sight=3.0):
        self.engine = engine or RuleEngine(rules, CLASSES, out_of_sight)
        self.events = []
        self.sequence = 0

    def step(self, time, *objects, camera="gate", epoch=0, size=SIZE, machine=None):
        """One frame of one camera; ``machine`` is the machine's clock where it isn't ``time``."""
        return self.batch([(camera, time, objects)], epoch=epoch, size=size, machine=machine)

    def batch(self, frames, epoch=0, size=SIZE, machine=None):
        """``frames``: camera, time, objects."""
        self.sequence += 1
        batch = Batch(
            self.sequence,
            tuple(
                Frame(
                    camera=camera,
                    sequence=self.sequence,
                    epoch=epoch,
                    picture=None,
                    source_size=size,
                    size=size,
                    time=time,
                    arrived=time if machine is None else machine,
                    captured=START + time,
                    decoded=time,
                )
                for camera, time, _ in frames
            ),
            frames[0][1],
        )
        result = self.engine.step(batch, tracks_of([objects for _, _, objects in frames]))
        self.events += result.events
        return result

    def walk(self, times, place, object_id=1, class_id=0):
        """``place(time)`` is where one object stands; None where it is not seen."""
        for time in times:
            at = place(time)
            self.step(time, *([] if at is None else [obj(object_id, *at, class_id)]))

    def kinds(self, rule=None):
        return [event.kind for event in self.events if rule in (None, event.rule)]

    def total(self, rule, what, camera="gate"):
        return sum(self.engine.counts()[rule][camera][what].values())


def seconds(begin, end, rate=20):
    """Times from begin to end, both included."""
    return [round(begin + step / rate, 6) for step in range(round((end - begin) * rate) + 1)]
