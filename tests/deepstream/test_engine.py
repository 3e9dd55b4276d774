"""The whole engine on real GStreamer with stand-ins for DeepStream's elements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from camwire.deepstream.gst import DeepstreamError
from camwire.deepstream.metadata import MetadataError
from camwire.link.desired import DesiredTracker, View
from camwire.link.pictures import Rendition
from camwire.link.reports import CameraReport
from tests.deepstream.clips import box_clip, decoded, red_pixels
from tests.deepstream.conftest import Rig
from tests.deepstream.desired import camera, deepstream, desired
from tests.support.rtsp import RtspServer
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

ZONE = {"type": "zone", "name": "left", "polygon": [[0, 0], [0.4, 0], [0.4, 1], [0, 1]]}
LINE = {"type": "line", "name": "middle", "start": [0.5, 1], "end": [0.5, 0]}


def balanced(report: CameraReport) -> bool:
    """Whether the books leave no more than a few frames under way."""
    under_way = report.frames_in - report.frames_out - sum(report.drops.values())
    return 0 <= under_way <= 16


def colourful(jpeg: bytes) -> int:
    """The largest difference between the channels of a pixel."""
    return int(np.ptp(decoded(jpeg).astype(int), axis=2).max())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    folder = tmp_path_factory.mktemp("served")
    box_clip(folder / "box.mp4")
    with RtspServer(folder) as running:
        yield running


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
    assert report.codec == "h264"
    assert balanced(report)
    assert {"detect", "track", "analyse", "render", "encode", "publish", "total"} <= set(report.latency_ms)
    figures = rig.engine.elements()
    assert figures["rebuilds"] == 0
    assert figures["batches"] > 0
    assert "queue after_detector" in figures


def test_a_file_begins_anew_at_its_end(rig: Rig, tmp_path: Path) -> None:
    clip = box_clip(tmp_path / "short.mp4", frames=10)
    rig.engine.apply(desired(camera("gate", str(clip))))
    rig.wait_for_pictures("gate", more=30)
    times = [frame.time for frame, _ in rig.of("gate")]
    assert times == sorted(set(times))
    numbers = [frame.sequence for frame, _ in rig.of("gate")]
    assert numbers == sorted(set(numbers))


def test_cameras_come_and_go_while_the_others_go_on(rig: Rig, clip: Path) -> None:
    settings = deepstream(batch_size=2)
    one, two, three = (camera(name, str(clip)) for name in ("one", "two", "three"))
    rig.engine.apply(desired(one, settings=settings))
    rig.wait_for_pictures("one")
    pipeline = rig.gst
    rig.engine.apply(desired(one, two, settings=settings))
    rig.wait_for_pictures("two")
    rig.engine.apply(desired(two, settings=settings))
    seen = len(rig.of("one"))
    rig.wait_for_pictures("two")
    assert len(rig.of("one")) == seen
    assert [report.id for report in rig.engine.report()] == ["two"]
    # The newcomer gets the pads of the one that left.
    rig.engine.apply(desired(two, three, settings=settings))
    rig.wait_for_pictures("three")
    rig.wait_for_pictures("two")
    assert rig.gst is pipeline
    assert rig.engine.elements()["rebuilds"] == 0
    sequences = [frame.sequence for frame, _ in rig.of("two")]
    assert sequences == sorted(set(sequences))
    assert rig.report("two").phase == "live"


def test_a_camera_more_than_fits_takes_a_new_pipeline(rig: Rig, clip: Path) -> None:
    one, two = camera("one", str(clip)), camera("two", str(clip))
    rig.engine.apply(desired(one))
    rig.wait_for_pictures("one")
    pipeline = rig.gst
    rig.engine.apply(desired(one, two))
    rig.wait_for_pictures("one")
    rig.wait_for_pictures("two")
    assert rig.gst is not pipeline
    # One fewer takes none: the batch may be smaller than it could.
    pipeline = rig.gst
    rig.engine.apply(desired(two))
    rig.wait_for_pictures("two")
    assert rig.gst is pipeline


def test_a_muxer_that_gives_no_pads_while_it_runs_is_built_anew(rig: Rig, clip: Path) -> None:
    from tests.support.deepstream_stand_ins import faults

    settings = deepstream(batch_size=2)
    one, two = camera("one", str(clip)), camera("two", str(clip))
    rig.engine.apply(desired(one, settings=settings))
    rig.wait_for_pictures("one")
    faults.no_new_pads.add("nvstreammux")
    rig.engine.apply(desired(one, two, settings=settings))
    rig.wait_for_pictures("two")
    rig.wait_for_pictures("one")
    assert rig.engine.elements()["rebuilds"] == 1


def test_rtsp_and_a_camera_that_is_not_there(rig: Rig, server: RtspServer, clip: Path) -> None:
    missing = f"rtsp://127.0.0.1:{server.port}/nothing.mp4"
    rig.engine.apply(desired(camera("gate", server.url("box.mp4")), camera("lost", missing)))
    rig.wait_for_pictures("gate")

    def told() -> CameraReport | None:
        report = rig.report("lost")
        return report if report.phase == "retrying" and report.retry_at is not None else None

    assert wait_for(told, "the lost camera to be told").reason
    rig.wait_for_pictures("gate", more=10)
    assert rig.engine.elements()["rebuilds"] == 0


def test_a_camera_comes_back(rig: Rig, server: RtspServer, clip: Path) -> None:
    cameras = camera("gate", server.url("box.mp4")), camera("file", str(clip))
    rig.engine.apply(desired(*cameras))
    rig.wait_for_pictures("gate")
    before = rig.of("gate")[-1][0]
    server.kill()
    wait_for(lambda: rig.report("gate").phase == "retrying", "the loss to be told")
    assert rig.report("file").phase == "live"
    # An element that fails leaves its mark on the pipeline's state; the next one has to play all the same.
    wait_for(lambda: "open" in (rig.report("gate").reason or ""), "a try that fails")
    server.start()
    rig.wait_for_pictures("gate")
    after = rig.of("gate")[-1][0]
    assert after.epoch > before.epoch
    assert after.sequence > before.sequence
    assert rig.engine.elements()["rebuilds"] == 0


def test_a_camera_that_falls_silent_is_connected_again(rig: Rig, server: RtspServer) -> None:
    rig.engine.apply(
        desired(camera("gate", server.url("box.mp4")), settings=deepstream(watchdog_seconds=2.0))
    )
    rig.wait_for_pictures("gate")
    server.freeze()
    try:
        told = wait_for(
            lambda: (rig.report("gate").phase == "retrying" and rig.report("gate").reason) or "",
            "the silence to be told",
            30,
        )
    finally:
        server.thaw()
    assert "no picture for" in told
    rig.wait_for_pictures("gate")


@pytest.mark.parametrize("element", ["nvdsosd", "nvjpegenc"])
def test_an_error_of_a_cameras_own_element_costs_it_a_moment(rig: Rig, clip: Path, element: str) -> None:
    from tests.support.deepstream_stand_ins import faults

    names = ("gate", "yard")
    rig.engine.apply(desired(*(camera(name, str(clip)) for name in names)))
    for name in names:
        rig.wait_for_pictures(name)
    faults.errors[element] = 1
    [hit] = wait_for(lambda: [n for n in names if rig.report(n).phase == "retrying"], "the error to be told")
    [other] = set(names) - {hit}
    rig.wait_for_pictures(other)
    rig.wait_for_pictures(hit)
    wait_for(lambda: rig.report(hit).phase == "live", "the camera to be live")
    assert rig.engine.elements()["rebuilds"] == 0
    assert balanced(rig.report(hit))


@pytest.mark.parametrize("element", ["nvinfer", "nvtracker"])
def test_an_elements_error_costs_a_moment(rig: Rig, clip: Path, element: str) -> None:
    from tests.support.deepstream_stand_ins import faults

    rig.engine.apply(desired(camera("gate", str(clip)), camera("yard", str(clip))))
    rig.wait_for_pictures("gate")
    faults.errors[element] = 1
    wait_for(lambda: rig.engine.elements()["rebuilds"] == 1, "the pipeline to be built anew")
    rig.wait_for_pictures("gate")
    rig.wait_for_pictures("yard")
    wait_for(lambda: rig.report("gate").phase == "live", "the camera to be live")
    assert balanced(rig.report("gate"))


def test_a_pipeline_that_puts_nothing_out_is_built_anew(rig: Rig, clip: Path) -> None:
    from tests.support.deepstream_stand_ins import faults

    rig.engine.apply(desired(camera("gate", str(clip)), settings=deepstream(watchdog_seconds=1.0)))
    rig.wait_for_pictures("gate")
    faults.swallowed.add("nvinfer")
    wait_for(lambda: rig.engine.elements()["rebuilds"] == 1, "the pipeline to be built anew")
    faults.swallowed.clear()
    rig.wait_for_pictures("gate")


def test_everything_else_that_is_made_of_a_picture(rig: Rig, clip: Path) -> None:
    views = (
        View(camera="gate", rendition="thumbnail"),
        View(camera="gate", rendition="objects"),
        View(camera="yard", rendition="objects"),
    )
    rig.engine.apply(desired(camera("gate", str(clip)), camera("yard", str(clip)), watched=(), views=views))
    rig.wait_for_pictures("gate", rendition="thumbnail")
    rig.wait_for_pictures("yard", rendition="objects")
    frame, jpeg = rig.of("gate", "thumbnail")[-1]
    assert decoded(jpeg).shape[:2] == (frame.size.height, frame.size.width)
    assert frame.size.width <= 480
    assert not rig.of("gate", "full")
    assert balanced(rig.report("yard"))


def test_drawn_by_camwire(rig: Rig, clip: Path) -> None:
    views = tuple(View(camera="gate", rendition=one) for one in ("thumbnail", "clean"))
    rig.engine.apply(desired(camera("gate", str(clip)), settings=deepstream(osd="python"), views=views))
    for rendition in ("full", "thumbnail", "clean"):
        rig.wait_for_pictures("gate", rendition=rendition)
    full, clean = (rig.of("gate", rendition)[-1][1] for rendition in ("full", "clean"))
    assert decoded(full).shape == decoded(clean).shape == (360, 640, 3)
    assert colourful(full) > 100 > colourful(clean)  # the clip itself is grey
    assert balanced(rig.report("gate"))


def test_camwires_tracker_draws_through_nvdsosd(rig: Rig, clip: Path) -> None:
    tracker = DesiredTracker(type="bytetrack", trace_length=5)
    rig.engine.apply(
        desired(camera("gate", str(clip)), settings=deepstream(tracker="camwire"), tracker=tracker)
    )
    wait_for(lambda: rig.report("gate").objects == {"person": 1}, "an object")
    rig.wait_for_pictures("gate")
    wait_for(lambda: red_pixels(rig.of("gate")[-1][1]) > 100, "a box around it")


def test_camwires_rules(rig: Rig, clip: Path) -> None:
    rig.engine.apply(desired(camera("gate", str(clip)), rules=(ZONE, LINE)))
    wait_for(lambda: any(event.rule == "middle" for event in rig.events), "the box to cross the line")
    wait_for(lambda: rig.report("gate").rules.get("middle"), "its count")


@pytest.mark.parametrize(("osd", "kept"), [("native", ["event"]), ("python", ["event", "event_clean"])])
def test_pictures_of_events_are_made_though_nobody_watches(
    rig: Rig, clip: Path, osd: str, kept: list[Rendition]
) -> None:
    rig.engine.apply(
        desired(
            camera("gate", str(clip)),
            settings=deepstream(osd=osd),
            watched=(),
            rules=(LINE,),
            event_pictures=("full", "clean"),
        )
    )
    for rendition in kept:
        rig.wait_for_pictures("gate", 1, rendition)
    assert {rendition for _, rendition in rig.pictures} == set(kept)
    report = rig.report("gate")
    assert report.frames_out == 0
    assert report.drops["unwatched"] > 0
    assert balanced(report)


def test_metadata_that_cannot_be_read_costs_its_batch(
    rig: Rig, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.deepstream_stand_ins.metadata import StandInMetadata

    rig.engine.apply(desired(camera("gate", str(clip))))
    rig.wait_for_pictures("gate")
    read, failures = StandInMetadata.read, []

    def broken(self: StandInMetadata, buffer: object) -> object:
        if len(failures) < 3:
            failures.append(buffer)
            raise MetadataError("nothing is known of this buffer")
        return read(self, buffer)

    monkeypatch.setattr(StandInMetadata, "read", broken)
    wait_for(lambda: len(failures) == 3, "three batches to fail")
    rig.wait_for_pictures("gate")
    assert rig.engine.elements()["rebuilds"] == 0


def test_nvdsanalytics_rules(rig: Rig, clip: Path) -> None:
    rig.engine.apply(
        desired(
            camera("gate", str(clip)),
            camera("yard", str(clip)),
            settings=deepstream(analytics="nvdsanalytics"),
            rules=(ZONE, LINE),
        )
    )
    wait_for(lambda: rig.report("yard").nvdsanalytics.get("inside", {}).get("left"), "an object inside")
    assert "middle" in rig.report("yard").nvdsanalytics["crossed"]
    assert rig.report("yard").nvdsanalytics["objects"] == {"person": 1}
    assert rig.events == []


def test_every_element_in_a_row(rig: Rig, clip: Path) -> None:
    settings = deepstream(
        preprocess="fp16", analytics="nvdsanalytics", encoder="nvimageenc", tracker="nvsort"
    )
    rig.engine.apply(desired(camera("gate", str(clip)), settings=settings, rules=(ZONE,)))
    rig.wait_for_pictures("gate")


def test_toggles_take_effect_in_the_running_pipeline(rig: Rig, clip: Path) -> None:
    rig.engine.apply(desired(camera("gate", str(clip))))
    wait_for(lambda: rig.of("gate") and red_pixels(rig.of("gate")[-1][1]), "a box")
    pipeline = rig.gst
    rig.engine.apply(desired(camera("gate", str(clip)), toggles={"boxes": False}))
    wait_for(lambda: not red_pixels(rig.of("gate")[-1][1]), "no box")
    assert rig.gst is pipeline


def test_nothing_is_encoded_that_nobody_wants(rig: Rig, clip: Path) -> None:
    rig.engine.apply(desired(camera("gate", str(clip)), watched=()))
    wait_for(lambda: rig.report("gate").drops.get("unwatched", 0) > 5, "pictures that nobody wants")
    assert rig.pictures == {}
    assert balanced(rig.report("gate"))
    views = (View(camera="gate", rendition="full", max_fps=2),)
    rig.engine.apply(desired(camera("gate", str(clip)), watched=(), views=views))
    rig.wait_for_pictures("gate", 1)
    rig.takes = False
    wait_for(lambda: rig.report("gate").drops.get("link"), "pictures that the link refuses")
    assert rig.report("gate").drops["fps_cap"] > 0


def test_statistics_begin_anew(rig: Rig, clip: Path) -> None:
    rig.engine.apply(desired(camera("gate", str(clip))))
    rig.wait_for_pictures("gate", 20)
    before = rig.report("gate").frames_in
    rig.engine.apply(desired(camera("gate", str(clip)), stats_epoch=1, revision=2))
    assert rig.report("gate").frames_in < before
    assert rig.engine.revision == 2


def test_a_disabled_camera_is_known(rig: Rig, clip: Path) -> None:
    rig.engine.apply(desired(camera("gate", str(clip)), camera("off", str(clip), enabled=False)))
    assert rig.report("off").phase == "disabled"


def test_what_cannot_be_built_is_told_and_what_ran_goes_on(rig: Rig, clip: Path) -> None:
    rig.engine.apply(desired(camera("gate", str(clip))))
    rig.wait_for_pictures("gate")
    wrong = deepstream(detector_config=str(clip.parent / "nothing.txt"))
    with pytest.raises(DeepstreamError, match="no configuration at"):
        rig.engine.apply(desired(camera("other", str(clip)), settings=wrong))
    rig.wait_for_pictures("gate")
    assert rig.of("other") == []
    with pytest.raises(DeepstreamError, match="camwire is started again"):
        rig.engine.apply(desired(camera("gate", str(clip)), settings=deepstream(mux="new")))
    rig.wait_for_pictures("gate")
