"""The engine on the pipeline's own types."""

import numpy as np

from camwire.analytics.nvdsanalytics.engine import NvdsAnalytics
from camwire.analytics.nvdsanalytics.history import TrackedObject
from camwire.analytics.nvdsanalytics.load import parse
from camwire.frames import Batch, Frame, Size, Tracks

CONFIG = """
[property]
enable=1
config-width=1000
config-height=500
[roi-filtering-stream-0]
enable=1
roi-A=400;100;600;100;600;300;400;300
[roi-filtering-stream-1]
enable=1
roi-B=0;0;100;0;100;499;0;499
"""


def tracks():
    boxes = [(480, 100, 520, 200), (30, 100, 70, 200), (480.9, 99.5, 520.2, 200)]
    return Tracks(
        boxes=np.array(boxes, np.float32),
        scores=np.ones(3, np.float32),
        classes=np.array([0, 1, 2], np.int32),
        ids=np.array([5, 6, 7]),
        frame_index=np.array([0, 0, 1], np.int32),
        detections=np.zeros(3, np.int32),
        ages=np.ones(3, np.int32),
        velocities=np.zeros((3, 2), np.float32),
        traces=np.empty((3, 0, 2), np.float32),
    )


def batch(time, epoch=0, arrived=0.0):
    size = Size(1000, 500)
    frames = tuple(
        Frame(camera, 1, epoch, None, size, size, time, arrived, 0.0, 0.0) for camera in ("east", "west")
    )
    return Batch(1, frames, 0.0)


def test_a_batch_gives_what_its_frames_give():
    settings = parse(CONFIG, "ini", "f").settings
    whole, single = NvdsAnalytics(settings), NvdsAnalytics(settings)
    streams = {"east": 1, "west": 0}
    east = [TrackedObject(5, 0, 480.0, 100.0, 40.0, 100.0), TrackedObject(6, 1, 30.0, 100.0, 40.0, 100.0)]
    for time, pts in ((1.0, 10**9), (1.04, 1_040_000_000)):
        first, second = whole.step(batch(time), tracks(), streams)
        assert first == single.process(1, (1000, 500), pts, east)
        assert first.roi_counts == {"B": 1}
        assert second.roi_counts == {"A": 1}


def test_time_goes_on_over_a_reconnect():
    """So a track of before it lives on, unless more than 8 seconds have passed."""
    analytics = NvdsAnalytics(parse(CONFIG, "ini", "f").settings)
    for time, epoch, arrived in ((100.0, 0, 10.0), (0.0, 1, 15.0), (0.0, 2, 40.0)):
        first, _ = analytics.step(batch(time, epoch, arrived), tracks(), {"east": 0, "west": 1})
        assert first.object_counts == {0: 1, 1: 1}
    (track,) = {track.count for track in analytics._contexts[0]._tracks.values()}
    assert track == 1
