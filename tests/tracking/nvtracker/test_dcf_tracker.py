"""The tracker that looks at the pictures, on made-up pictures."""

from dataclasses import replace

import av
import numpy as np
import pytest

from camwire.config.tracker import TrackerConfig
from camwire.frames import Size
from camwire.tracking import NoPictureError, create
from tests.tracking.scenes import batch_of, detections_of, frame, ids, rows_of

SIZE = Size(320, 240)
FORMATS = ("gray", "yuv420p", "nv12", "rgb24", "yuv444p")


class World:
    """Patches of noise on a smooth background, in grey or in colour."""

    def __init__(self, seed=0, width=24, height=40):
        self.width, self.height = width, height
        generator = np.random.default_rng(seed)
        self.looks = [np.kron(generator.integers(0, 255, (10, 6, 3)), np.ones((4, 4, 1))) for _ in range(4)]
        across = np.linspace(60, 120, SIZE.width)
        self.background = np.repeat(np.tile(across, (SIZE.height, 1))[..., None], 3, axis=2)

    def picture(self, centres, pixel_format="yuv420p"):
        pixels = self.background.copy()
        for look, (x, y) in zip(self.looks, centres, strict=False):
            left, top = round(x - self.width / 2), round(y - self.height / 2)
            pixels[top : top + self.height, left : left + self.width] = look
        shown = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), "rgb24")
        return shown if pixel_format == "rgb24" else shown.reformat(format=pixel_format)

    def rows(self, centres, score=0.9):
        half = (self.width / 2, self.height / 2)
        return [(x - half[0], y - half[1], x + half[0], y + half[1], score, 0) for x, y in centres]


def step(tracker, world, number, centres, found, looked=True, camera="a", pixel_format="yuv420p"):
    shown = frame(camera, number / 25, size=SIZE, picture=world.picture(centres, pixel_format))
    rows = replace(detections_of(world.rows(found)), detected=np.array([looked]))
    return tracker.step(batch_of(shown), rows)


def centres_of(tracks):
    return (tracks.boxes[:, :2] + tracks.boxes[:, 2:]) / 2


@pytest.fixture
def tracker():
    return create(TrackerConfig(type="dcf", trace_length=4))


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_a_target_is_followed_between_detections(tracker, pixel_format):
    """It turns around where the detector doesn't look; only its picture tells."""
    world, last = World(), None
    for number in range(30):
        x = 100 + (2 * number if number < 15 else 30 - 2 * (number - 15))
        looked = number % 5 == 0
        last = step(
            tracker,
            world,
            number,
            [(x, 120)],
            [(x, 120)] if looked else [],
            looked,
            pixel_format=pixel_format,
        )
        if number >= 5:
            assert ids(last) == [1], number
            np.testing.assert_allclose(centres_of(last)[0], (x, 120), atol=6)


def test_a_target_that_the_detector_misses_is_reported_while_it_is_seen(tracker):
    world = World()
    for number in range(10):
        step(tracker, world, number, [(100, 120)], [(100, 120)])
    missed = step(tracker, world, 10, [(102, 120)], [])
    assert (ids(missed), missed.detections.tolist()) == ([1], [-1])


def test_a_target_that_vanishes_is_no_longer_reported(tracker):
    world = World()
    for number in range(10):
        step(tracker, world, number, [(100, 120)], [(100, 120)])
    gone = [ids(step(tracker, world, number, [], [])) for number in range(10, 16)]
    assert gone[-1] == []


def test_a_target_behind_another_is_not_reported_twice(tracker):
    """The one in front is what both filters see."""
    world = World()
    for number in range(12):
        apart = [(100 + 4 * number, 120), (190, 120)]
        step(tracker, world, number, apart, apart)
    results = []
    for number in range(12, 22):
        front = [(190, 120), (100 + 4 * number, 120)]
        world.looks[:2] = world.looks[1::-1] if number == 12 else world.looks[:2]
        results.append(step(tracker, world, number, front, front[1:]))
    assert max(len(tracks) for tracks in results[3:]) <= 2
    assert all(len(set(ids(tracks))) == len(tracks) for tracks in results)


def test_cameras_do_not_mix():
    """Two cameras in one batch give what each gives alone."""
    together = create(TrackerConfig(type="dcf", trace_length=4))
    alone = [create(TrackerConfig(type="dcf", trace_length=4)) for _ in range(2)]
    worlds = [World(seed=1), World(seed=2)]
    for number in range(12):
        paths = [[(80 + 3 * number, 100)], [(240 - 2 * number, 130), (60, 60 + 2 * number)]]
        looked = number % 3 == 0
        expected = [
            rows_of(
                step(alone[i], worlds[i], number, paths[i], paths[i] if looked else [], looked, camera=name)
            )
            for i, name in enumerate("ab")
        ]
        shown = [
            frame(name, number / 25, size=SIZE, picture=worlds[i].picture(paths[i]))
            for i, name in enumerate("ab")
        ]
        found = detections_of(*(worlds[i].rows(paths[i]) if looked else [] for i in range(2)))
        tracks = together.step(batch_of(*shown), replace(found, detected=np.array([looked, looked])))
        assert [rows_of(tracks, i) for i in range(2)] == expected


def test_a_frame_without_a_picture_is_refused(tracker):
    with pytest.raises(NoPictureError, match="front door: this tracker looks at pictures"):
        tracker.step(batch_of(frame("front door", 0, picture=None)), detections_of([]))
