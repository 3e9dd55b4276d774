"""The engine on real GStreamer with camwire's C library between it and the stand-ins' metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camwire.deepstream.gst import DeepstreamError
from camwire.deepstream.metadata import BatchMeta
from camwire.link.desired import DesiredRoi, View
from camwire.link.pictures import NvdsFrame, decode_objects
from tests.deepstream import tensor_functions
from tests.deepstream.clips import decoded
from tests.deepstream.conftest import Rig
from tests.deepstream.desired import camera, deepstream, desired, model
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

ZONE = {"type": "zone", "name": "left", "polygon": [[0, 0], [0.4, 0], [0.4, 1], [0, 1]], "colour": "#00ff00"}
LINE = {"type": "line", "name": "middle", "start": [0.5, 1], "end": [0.5, 0], "colour": "#0000ff"}
FUNCTIONS = "tests.deepstream.tensor_functions"


@pytest.fixture(autouse=True)
def fresh() -> None:
    tensor_functions.clear()


def tensors(rig: Rig) -> dict[str, float]:
    """What became of them."""
    prefix = "tensors "
    return {
        name.removeprefix(prefix): value
        for name, value in rig.engine.elements().items()
        if name.startswith(prefix)
    }


def coloured(jpeg: bytes, channel: int) -> int:
    """Pixels of a strong blue (0), green (1) or red (2)."""
    planes = [plane.astype(int) for plane in cv2.split(decoded(jpeg))]
    own = planes.pop(channel)
    return int(((own > 150) & (planes[0] < 100) & (planes[1] < 100)).sum())


def test_the_library_reads_what_the_stand_ins_carry(
    native_rig: Rig, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract of both ways to the metadata."""
    from tests.support.deepstream_stand_ins.metadata import StandInMetadata
    from tests.support.deepstream_stand_ins.native import NativeStandIns

    plain, both = StandInMetadata(), list[tuple[BatchMeta, BatchMeta]]()
    native_read = NativeStandIns.read

    def read(self: NativeStandIns, buffer: Any) -> BatchMeta:
        both.append((native_read(self, buffer), plain.read(buffer)))
        return both[-1][0]

    monkeypatch.setattr(NativeStandIns, "read", read)
    settings = deepstream(analytics="nvdsanalytics", measure_latency=False)
    native_rig.engine.apply(
        desired(camera("gate", str(clip)), camera("yard", str(clip)), settings=settings, rules=(ZONE, LINE))
    )
    native_rig.wait_for_pictures("yard", 20)
    assert len(both) >= 20
    for native, stand_in in both:
        for name in ("pads", "pts", "sizes", "source_sizes", "inferred", "frame_index", "ids", "classes"):
            np.testing.assert_array_equal(getattr(native, name), getattr(stand_in, name), name)
        np.testing.assert_allclose(native.captured, stand_in.captured, atol=1e-6)
        np.testing.assert_allclose(native.boxes, stand_in.boxes)
        for one, other in zip(native.analytics, stand_in.analytics, strict=True):
            assert one is not None
            assert other is not None
            assert (one.roi_counts, one.overcrowded) == (other.roi_counts, other.overcrowded)
            assert (one.line_counts, one.line_totals) == (other.line_counts, other.line_totals)
            assert one.object_counts == other.object_counts
            assert one.objects == [item for item in other.objects if item.is_reported]


def test_clients_are_told_what_nvdsanalytics_says(native_rig: Rig, clip: Path) -> None:
    native_rig.engine.apply(
        desired(
            camera("gate", str(clip)),
            settings=deepstream(analytics="nvdsanalytics"),
            rules=(ZONE, LINE),
            views=(View(camera="gate", rendition="objects"),),
        )
    )

    def told() -> list[NvdsFrame]:
        messages = [decode_objects(payload) for _, payload in native_rig.of("gate", "objects")]
        return [message.nvdsanalytics for message in messages if message.nvdsanalytics is not None]

    def crossed() -> NvdsFrame | None:
        return next((frame for frame in told() if frame.obj_lc_curr_cnt.get("middle")), None)

    crossing = wait_for(crossed, "the line to be crossed")
    assert crossing.obj_lc_cum_cnt["middle"] == 1
    assert crossing.obj_cnt == {"person": 1}
    assert crossing.objects[0].lc_status == ["middle"]
    inside = next(frame for frame in told() if frame.obj_in_roi_cnt["left"])
    assert inside.objects[0].roi_status == ["left"]
    assert "ROI:left" in inside.objects[0].obj_status
    summary = native_rig.report("gate").nvdsanalytics
    assert set(summary) == {"inside", "overcrowded", "crossed", "objects"}
    assert summary["crossed"]["middle"] >= 1
    native_rig.engine.apply(desired(camera("gate", str(clip)), rules=(ZONE, LINE), revision=2))
    assert native_rig.report("gate").nvdsanalytics == {}


def test_nvdsosd_draws_zones_lines_and_traces(native_rig: Rig, clip: Path) -> None:
    cameras = camera("gate", str(clip)), camera("yard", str(clip))
    rules = ({**ZONE, "cameras": ["gate"]}, LINE)
    shown = {"boxes": False, "labels": False, "zones": True, "lines": True, "traces": True}
    native_rig.engine.apply(desired(*cameras, rules=rules, toggles=shown))
    picture = wait_for(
        lambda: next(
            (j for _, j in native_rig.of("gate") if coloured(j, 1) > 200 and coloured(j, 0) > 200), None
        ),
        "a zone and a line",
        30,
    )
    # The zone's outline at two fifths of the width, the line in the middle.
    pixels = decoded(picture)
    assert pixels[100:260, 250:262, 1].max(axis=1).min() > 150
    assert pixels[100:260, 315:325, 0].max(axis=1).min() > 150
    native_rig.wait_for_pictures("yard")
    assert coloured(native_rig.of("yard")[-1][1], 1) < 50
    off = {**shown, "zones": False, "lines": False, "traces": False}
    native_rig.engine.apply(desired(*cameras, rules=rules, toggles=off))
    wait_for(lambda: coloured(native_rig.of("gate")[-1][1], 1) < 50, "no zone")
    assert native_rig.engine.elements()["rebuilds"] == 0


def test_camwires_tracker_is_drawn_through_the_library(native_rig: Rig, clip: Path) -> None:
    native_rig.engine.apply(
        desired(
            camera("gate", str(clip)),
            settings=deepstream(tracker="camwire"),
            toggles={"boxes": True, "traces": True},
        )
    )
    wait_for(lambda: native_rig.report("gate").objects == {"person": 1}, "an object")
    native_rig.wait_for_pictures("gate")
    wait_for(lambda: coloured(native_rig.of("gate")[-1][1], 2) > 100, "a box around it")


def test_a_function_gets_the_preprocessed_tensors(native_rig: Rig, clip: Path) -> None:
    settings = deepstream(
        preprocess="fp16",
        tensor_name="images",
        tensor_function=f"{FUNCTIONS}:collect",
        rois=(
            DesiredRoi(camera="gate", left=0, top=0, width=320, height=360),
            DesiredRoi(camera="gate", left=320, top=0, width=320, height=360),
        ),
    )
    native_rig.engine.apply(
        desired(
            camera("gate", str(clip)),
            camera("yard", str(clip)),
            settings=settings,
            model=model(input_size=(320, 192)),
        )
    )
    one = wait_for(
        lambda: next((one for one in tensor_functions.seen if len(one.cameras) == 2), None),
        "both cameras",
        30,
    )
    [array] = one.arrays
    assert one.names == ("images",)
    assert (array.dtype, array.shape) == (np.dtype(np.float16), (3, 3, 192, 320))
    assert 0.9 < array.max() <= 1.0  # the bright box
    assert sorted(one.row_cameras) == ["gate", "gate", "yard"]
    boxes = {region[:4] for region, name in zip(one.regions, one.row_cameras, strict=True) if name == "gate"}
    assert boxes == {(0, 0, 320, 360), (320, 0, 640, 360)}
    # 320x360 in 320x192: 170 columns in the middle.
    left = next(region for region in one.regions if region[:4] == (0, 0, 320, 360))
    assert left[4:] == pytest.approx((170 / 320, 192 / 360, 75, 0))
    wait_for(lambda: any(len(one.boxes) for one in tensor_functions.seen), "tracks beside the tensors")
    native_rig.wait_for_pictures("yard")
    assert tensors(native_rig)["failed"] == 0


def test_a_function_gets_nvinfers_outputs_where_nothing_is_preprocessed(native_rig: Rig, clip: Path) -> None:
    settings = deepstream(tensor_output=True, tensor_function=f"{FUNCTIONS}:collect")
    native_rig.engine.apply(desired(camera("gate", str(clip)), settings=settings))
    one = wait_for(lambda: tensor_functions.seen and tensor_functions.seen[-1], "outputs")
    assert one.names == ("output0",)
    assert one.arrays[0].shape == (1, 4)
    np.testing.assert_allclose(one.arrays[0], one.boxes, atol=1)


def test_a_slow_function_costs_the_pipeline_nothing(native_rig: Rig, clip: Path) -> None:
    settings = deepstream(preprocess="fp32", tensor_function=f"{FUNCTIONS}:wait")
    native_rig.engine.apply(desired(camera("gate", str(clip)), settings=settings))
    wait_for(lambda: tensor_functions.seen, "a first batch")
    native_rig.wait_for_pictures("gate", 20)
    assert tensors(native_rig)["handed on"] == 1
    assert tensors(native_rig)["passed by"] >= 10
    tensor_functions.goes_on.set()
    wait_for(lambda: len(tensor_functions.seen) > 3, "more batches")


@pytest.mark.parametrize("function", ["fail", "leave"])
def test_a_function_that_fails_is_counted(native_rig: Rig, clip: Path, function: str) -> None:
    settings = deepstream(preprocess="fp32", tensor_function=f"{FUNCTIONS}:{function}")
    native_rig.engine.apply(desired(camera("gate", str(clip)), settings=settings))
    wait_for(lambda: tensors(native_rig)["failed"] > 5, "failures")
    native_rig.wait_for_pictures("gate")
    assert native_rig.engine.elements()["rebuilds"] == 0


def test_a_function_that_keeps_a_batch_gets_no_other(native_rig: Rig, clip: Path) -> None:
    settings = deepstream(preprocess="fp32", tensor_function=f"{FUNCTIONS}:keep")
    native_rig.engine.apply(desired(camera("gate", str(clip)), settings=settings))
    wait_for(lambda: tensors(native_rig)["kept"] > 5, "batches that pass it by")
    assert tensors(native_rig)["handed on"] == 1
    native_rig.wait_for_pictures("gate")
    tensor_functions.kept.clear()
    wait_for(lambda: tensors(native_rig)["handed on"] == 2, "the next batch")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tests.deepstream.nowhere:look", "can't be imported"),
        (f"{FUNCTIONS}:nobody", "has no function nobody"),
        (f"{FUNCTIONS}:not_callable", "has no function not_callable"),
    ],
)
def test_a_function_that_is_not_there_is_told_and_what_ran_goes_on(
    native_rig: Rig, clip: Path, name: str, words: str
) -> None:
    good = deepstream(preprocess="fp32", tensor_function=f"{FUNCTIONS}:collect")
    native_rig.engine.apply(desired(camera("gate", str(clip)), settings=good))
    wait_for(lambda: tensor_functions.seen, "a batch")
    with pytest.raises(DeepstreamError, match=words):
        native_rig.engine.apply(
            desired(
                camera("gate", str(clip)),
                settings=deepstream(preprocess="fp32", tensor_function=name),
                revision=2,
            )
        )
    tensor_functions.seen.clear()
    wait_for(lambda: tensor_functions.seen, "more batches")


def test_elements_tell_how_long_they_take(
    native_rig: Rig, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVDS_ENABLE_LATENCY_MEASUREMENT", "")  # taken back after the test
    native_rig.engine.apply(desired(camera("gate", str(clip)), settings=deepstream(measure_latency=True)))
    native_rig.wait_for_pictures("gate", 5)
    figures = native_rig.engine.elements()
    assert {name for name in figures if name.startswith("latency_ms ")} == {
        "latency_ms detector",
        "latency_ms tracker",
    }
    assert {name for name in figures if name.startswith("fps ")} == {
        "fps formed",
        "fps detected",
        "fps tracked",
    }
    assert figures["fps detected"] > 0
    with pytest.raises(DeepstreamError, match="measure_latency"):
        native_rig.engine.apply(desired(camera("gate", str(clip)), settings=deepstream()))
