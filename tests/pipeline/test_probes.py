"""Cameras that are tried once: one answer each, a picture or a reason."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from camwire.devices.cpu import CpuDevice
from camwire.link.answers import ProbeResult
from camwire.link.desired import Probe
from camwire.pipeline.probes import Probes
from tests.sources.cameras import camera
from tests.support.clips import make_clip
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration


def answer(probes: Probes) -> ProbeResult:
    [result] = wait_for(probes.results, "an answer")
    return result


def test_a_source_that_works_gives_a_small_picture(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, width=640, height=480, frames=10)
    probes = Probes(CpuDevice(), "cpu")
    wanted = (Probe(id="1", camera=camera(str(clip))),)
    probes.apply(wanted)
    result = answer(probes)
    assert (result.probe, result.reason, result.codec) == ("1", None, "h264")
    assert (result.width, result.height) == (640, 480)
    picture = cv2.imdecode(np.frombuffer(result.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (360, 480, 3)
    probes.apply(wanted)
    assert probes.results() == [], "it is answered already"
    probes.apply(())


def test_one_that_does_not_says_why_without_holding_up_the_others(tmp_path: Path) -> None:
    probes = Probes(CpuDevice(), "cpu")
    probes.apply(
        (
            Probe(id="1", camera=camera(str(tmp_path / "nothing.mp4"))),
            Probe(id="2", camera=camera("rtsp://u:p@127.0.0.1:9/s")),
        )
    )
    found: dict[str, ProbeResult] = {}
    wait_for(
        lambda: found.update({one.probe: one for one in probes.results()}) or len(found) == 2, "both answers"
    )
    assert "there is no" in (found["1"].reason or "").lower()
    assert found["2"].reason
    assert not found["2"].jpeg


def test_a_picture_and_a_reason_that_come_together_are_one_answer(tmp_path: Path) -> None:
    """A camera may send a picture and break off before anyone asks."""
    clip = tmp_path / "clip.mp4"
    make_clip(clip, frames=10)
    probes = Probes(CpuDevice(), "cpu")
    probes.apply((Probe(id="1", camera=camera(str(clip))),))
    wait_for(lambda: not probes._pictures.empty(), "its picture")
    source = probes._sources["1"]
    source.stop()
    assert source.join(10)
    source._status.failed("it broke off")
    (result,) = probes.results()
    assert (result.reason, bool(result.jpeg)) == (None, True)


def test_a_probe_that_nobody_waits_for_any_more_is_ended(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, frames=10)
    probes = Probes(CpuDevice(), "cpu")
    probes.apply((Probe(id="1", camera=camera(str(clip))),))
    probes.apply(())
    assert probes.results() == []
