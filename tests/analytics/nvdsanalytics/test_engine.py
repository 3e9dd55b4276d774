"""The engine on the pipeline's own types."""

import numpy as np

from camwire.analytics.nvdsanalytics.engine import NvdsAnalytics
from camwire.analytics.nvdsanalytics.history import TrackedObject
from camwire.analytics.nvdsanalytics.load import parse
from camwire.frames import Batch, Frame, Size, Tracks


def settings_of(*groups):
    """Of a file for pictures of 1000 × 500 with these groups, each a name and its keys' lines."""
    head = ("property", "config-width=1000", "config-height=500")
    lines = [line for name, *keys in (head, *groups) for line in (f"[{name}]", "enable=1", *keys)]
    return parse("\n".join(lines), "ini", "f").settings


TWO_ZONES = settings_of(
    ("roi-filtering-stream-0", "roi-A=400;100;600;100;600;300;400;300"),
    ("roi-filtering-stream-1", "roi-B=0;0;100;0;100;499;0;499"),
)
CROSSING = settings_of(
    ("roi-filtering-stream-0", "roi-RIGHT=500;0;999;0;999;499;500;499"),
    ("line-crossing-stream-0", "mode=loose", "line-crossing-DOOR=400;250;600;250;500;0;500;499"),
)


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
    whole, single = NvdsAnalytics(TWO_ZONES), NvdsAnalytics(TWO_ZONES)
    streams = {"east": 1, "west": 0}
    east = [TrackedObject(5, 0, 480.0, 100.0, 40.0, 100.0), TrackedObject(6, 1, 30.0, 100.0, 40.0, 100.0)]
    for time, pts in ((1.0, 10**9), (1.04, 1_040_000_000)):
        first, second = whole.step(batch(time), tracks(), streams)
        assert first == single.process(1, (1000, 500), pts, east)
        assert first.roi_counts == {"B": 1}
        assert second.roi_counts == {"A": 1}


def test_time_goes_on_over_a_reconnect():
    """So a track of before it lives on, unless more than 8 seconds have passed."""
    analytics = NvdsAnalytics(TWO_ZONES)
    for time, epoch, arrived in ((100.0, 0, 10.0), (0.0, 1, 15.0), (0.0, 2, 40.0)):
        first, _ = analytics.step(batch(time, epoch, arrived), tracks(), {"east": 0, "west": 1})
        assert first.object_counts == {0: 1, 1: 1}
    (track,) = {track.count for track in analytics._contexts[0]._tracks.values()}
    assert track == 1


def walk(analytics, size, object_id, began):
    """From left to right across the line in the middle; returns the last result."""
    width, height = size
    for number, across in enumerate(np.linspace(0.2, 0.8, 25)):
        side = height / 5
        box = TrackedObject(object_id, 0, across * width - side / 2, height * 0.4, side, side)
        result = analytics.process(0, size, round((began + number / 25) * 1e9), [box])
    return result


def test_shapes_keep_their_places_in_pictures_of_another_size():
    """``output.size`` may change while camwire runs, and so may a camera's resolution."""
    analytics = NvdsAnalytics(CROSSING)
    for number, size in enumerate([(1000, 500), (500, 250), (2000, 1000)], 1):
        result = walk(analytics, size, number, number * 2.0)
        assert result.roi_counts == {"RIGHT": 1}, size
        assert result.line_totals == {"DOOR": number}, "what was counted stays"
        assert analytics.annotation(0, result).size == size


def test_an_object_from_before_another_size_is_a_new_one():
    """Its places are pixels of the old size; a step of half a picture would be a crossing."""
    analytics = NvdsAnalytics(CROSSING)
    left = [TrackedObject(1, 0, 300.0, 100.0, 40.0, 100.0)]
    for number in range(30):
        analytics.process(0, (1000, 500), number * 40_000_000, left)
    still_left = [TrackedObject(1, 0, 600.0, 200.0, 80.0, 200.0)]
    result = analytics.process(0, (2000, 1000), 30 * 40_000_000, still_left)
    assert (result.line_totals, result.roi_counts) == ({"DOOR": 0}, {"RIGHT": 0})
