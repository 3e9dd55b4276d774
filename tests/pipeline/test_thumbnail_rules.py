"""Rules in pixels lie at the same place in thumbnails as in full pictures, whatever the camera's size."""

from types import SimpleNamespace

import numpy as np
import pytest

from camwire.config.rules import LineRule, ZoneRule
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.render import CpuRenderer
from camwire.frames import Size, Tracks
from camwire.pipeline.renditions import scene_for
from tests.devices.pictures import batch_of, flat

FULL, THUMBNAIL = Size(1280, 720), Size(480, 270)


@pytest.mark.parametrize("source", [(1920, 1080), (1280, 720), (640, 360), (1000, 1000), (400, 240)])
@pytest.mark.parametrize("kind", ["line", "zone"])
def test_a_rule_in_pixels_has_one_place(source, kind):
    size = Size(*source).fitted_into(FULL)
    x, y = 0.3 * size.width, 0.6 * size.height
    if kind == "line":
        rule = LineRule(
            type="line", name="r", start=(x, 0), end=(x, size.height), units="pixels", colour="#00ff00"
        )
    else:
        corners = ((x, y), (x + 60, y), (x + 60, y + 60), (x, y + 60))
        rule = ZoneRule(type="zone", name="r", polygon=corners, units="pixels", colour="#00ff00")
    overlay = Overlay(frozenset({"lines", "zones"}), (), (rule,), bound=FULL)
    stages = SimpleNamespace(overlay=overlay, thumbnail=THUMBNAIL)
    found = {}
    for rendition in ("full", "thumbnail"):
        scene = scene_for(rendition, batch_of(flat(Size(*source)), size=size), Tracks.empty(), stages)
        (picture,) = CpuRenderer()(scene.batch, [0], scene.tracks, scene.overlay)
        rows, columns = np.nonzero((picture == (0, 255, 0)).all(axis=2))
        height, width = picture.shape[:2]
        if kind == "line":  # its lower half, away from the arrow
            found[rendition] = (np.median(columns[rows > 0.75 * height]) / width, 0.0)
        else:
            found[rendition] = (columns.min() / width, rows.max() / height)  # its name stands above it
    assert found["thumbnail"] == pytest.approx(found["full"], abs=3 / 270)
    assert found["full"][0] == pytest.approx(0.3, abs=3 / size.width + 1 / 270)
