"""The whole engine on real GStreamer with stand-ins for DeepStream's elements."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deepstream.clips import decoded, red_pixels
from tests.deepstream.conftest import Rig
from tests.deepstream.desired import camera, desired
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration


def test_pictures_of_two_cameras_with_what_was_found(rig: Rig, clip: Path) -> None:
    rig.engine.apply(desired(camera("gate", str(clip)), camera("yard", str(clip))))
    rig.wait_for_pictures("gate")
    rig.wait_for_pictures("yard")
    frame, jpeg = rig.of("yard")[-1]
    assert decoded(jpeg).shape == (360, 640, 3)
    assert frame.size == (640, 360)
    assert frame.source_size == (320, 180)
    assert red_pixels(jpeg) > 100
    report = wait_for(lambda: rig.report("yard").objects and rig.report("yard"), "objects in the report")
    assert report.objects == {"person": 1}
    assert (report.phase, report.width, report.height) == ("live", 320, 180)
