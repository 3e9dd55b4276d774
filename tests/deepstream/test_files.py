"""The files for DeepStream's elements, read by other readers than the writers' own."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from camwire.analytics.nvdsanalytics.engine import NvdsAnalytics
from camwire.analytics.nvdsanalytics.history import TrackedObject
from camwire.analytics.nvdsanalytics.load import parse
from camwire.config.rules import Rule
from camwire.deepstream.files import keys
from camwire.deepstream.files.analytics import analytics_file
from camwire.deepstream.files.infer import infer_file
from camwire.deepstream.files.keyfile import KeyFileError, key_file
from camwire.deepstream.files.mux import mux_file
from camwire.deepstream.files.preprocess import preprocess_file
from camwire.deepstream.files.tracker import tracker_file
from camwire.frames import Size
from camwire.link.desired import DesiredClass, DesiredDetection, DesiredTracker
from camwire.models import ModelError
from camwire.tracking.nvtracker import files as nvtracker_files
from tests.deepstream.desired import CHOICES, NAMES, camera, deepstream, desired, model

PICTURE = Size(1280, 720)
PADS = {"gate": 0, "yard": 2}


def ini(text: str) -> dict[str, dict[str, str]]:
    """As Python's own reader sees it."""
    parser = configparser.RawConfigParser(strict=True, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return {section: dict(parser.items(section)) for section in parser.sections()}


def infer(settings: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, dict[str, str]]:
    state = desired(camera("gate"), settings=deepstream(**(settings or {})), **fields)
    assert state.deepstream is not None
    return ini(infer_file(state, state.deepstream, NAMES, 4))


def check_infer(read: Mapping[str, Mapping[str, str]]) -> None:
    assert set(read["property"]) <= keys.INFER_PROPERTY
    for group in read.keys() - {"property"}:
        assert re.fullmatch(r"class-attrs-(all|\d+)", group)
        assert set(read[group]) <= keys.INFER_CLASS


def test_nvinfer_from_onnx() -> None:
    read = infer({"gpu": 1}, model=model(per_class=(DesiredClass(name="car", score_threshold=0.7, top_k=5),)))
    check_infer(read)
    properties = read["property"]
    assert properties["onnx-file"] == "/m/yolo11n.onnx"
    assert properties["model-engine-file"] == "/m/yolo11n.onnx_b4_gpu1_fp16.engine"
    assert properties["infer-dims"] == "3;640;640"
    assert float(properties["net-scale-factor"]) == pytest.approx(1 / 255)
    assert (properties["cluster-mode"], properties["scaling-filter"]) == ("2", "1")
    assert properties["symmetric-padding"] == properties["maintain-aspect-ratio"] == "1"
    assert properties["num-detected-classes"] == "3"
    assert read["class-attrs-all"]["pre-cluster-threshold"] == "0.4"
    assert read["class-attrs-2"]["pre-cluster-threshold"] == "0.7"
    assert (read["class-attrs-all"]["topk"], read["class-attrs-2"]["topk"]) == ("-1", "5")


def test_nvinfer_from_an_engine() -> None:
    read = infer(
        model=model(file="/m/yolo.engine", precision="full", resize="stretch", input_size=(640, 384))
    )
    check_infer(read)
    assert "onnx-file" not in read["property"]
    assert read["property"]["model-engine-file"] == "/m/yolo.engine"
    assert read["property"]["network-mode"] == "0"
    assert read["property"]["maintain-aspect-ratio"] == "0"
    assert read["property"]["infer-dims"] == "3;384;640"


def test_nvinfer_leaves_unwanted_classes_out() -> None:
    read = infer(model=model(classes=("car",)))
    assert read["property"]["filter-out-class-ids"] == "0;1"
    assert read["class-attrs-all"]["pre-cluster-threshold"] == "0.4"
    with pytest.raises(ModelError, match="no class 'lorry'"):
        infer(model=model(classes=("lorry",)))


def test_nvinfer_gives_camwires_tracker_the_weak_detections() -> None:
    read = infer({"tracker": "camwire"}, tracker=DesiredTracker(type="bytetrack", trace_length=0))
    assert read["class-attrs-all"]["pre-cluster-threshold"] == "0.2"


def test_nvinfer_leaves_batches_out_where_the_detector_sees_every_third_picture() -> None:
    read = infer(model=model(cameras={"gate": DesiredDetection(detect_interval=3)}))
    assert read["property"]["interval"] == "2"


@pytest.mark.parametrize(("precision", "number"), [("fp32", "0"), ("fp16", "7")])
def test_nvdspreprocess(precision: str, number: str) -> None:
    settings = deepstream(
        preprocess=precision,
        tensor_name="images",
        rois=[
            {"camera": "yard", "left": 10, "top": 20, "width": 300, "height": 200},
            {"camera": "yard", "left": 400, "top": 20, "width": 300, "height": 200},
            {"camera": "gone", "left": 0, "top": 0, "width": 2, "height": 2},
        ],
    )
    every_third = model(cameras={name: DesiredDetection(detect_interval=3) for name in PADS})
    state = desired(camera("gate"), camera("yard"), settings=settings, model=every_third)
    text = preprocess_file(state, settings, PADS, 2)
    read = ini(text)
    assert set(read) == {"property", "user-configs", "group-0", "group-1"}
    assert set(read["property"]) <= keys.PREPROCESS_PROPERTY
    assert set(read["user-configs"]) <= keys.PREPROCESS_USER
    for group in ("group-0", "group-1"):
        known = {key for key in read[group] if not re.fullmatch(r"roi-params-src-\d+", key)}
        assert known <= keys.PREPROCESS_GROUP
    assert read["property"]["network-input-shape"] == "3;3;640;640"
    assert read["property"]["tensor-data-type"] == number
    assert read["property"]["tensor-name"] == "images"
    assert read["group-0"]["interval"] == read["group-1"]["interval"] == "2"
    assert read["group-0"]["src-ids"] == "0"
    assert read["group-1"]["roi-params-src-2"] == "10;20;300;200;400;20;300;200"
    assert text.index("process-on-roi=1") < text.index("roi-params-src-2")


def test_the_new_muxers_file() -> None:
    read = ini(mux_file(deepstream(batch_timeout_us=40_000), 8))
    assert set(read) == {"property"}
    assert set(read["property"]) <= keys.MUX_PROPERTY
    assert read["property"]["batch-size"] == "8"
    least = int(read["property"]["overall-min-fps-n"]) / int(read["property"]["overall-min-fps-d"])
    assert least == 25.0


@pytest.mark.parametrize("preset", [name for name in CHOICES["tracker"] if name != "camwire"])
@pytest.mark.parametrize("reid", [None, "/m/reid.onnx"])
def test_nvtracker(preset: str, reid: str | None, tmp_path: Path) -> None:
    text = tracker_file(deepstream(tracker=preset, reid_model=reid))
    first, _, rest = text.partition("\n")
    assert first == "%YAML:1.0"
    read = YAML(typ="safe").load(rest)
    assert set(read) <= set(keys.TRACKER)
    for section, values in read.items():
        assert set(values) <= keys.TRACKER[section], section
    reids = preset == "nvdeepsort" or (preset == "nvdcf_accuracy" and reid is not None)
    assert ("ReID" in read) == reids
    assert read["TrajectoryManagement"].get("enableReAssoc", 0) == int(
        preset == "nvdcf_accuracy" and bool(reid)
    )
    (tmp_path / "tracker.yml").write_text(text)
    if preset != "nvdeepsort":
        parameters = nvtracker_files.load(tmp_path / "tracker.yml")
        assert parameters.target_management.probation_age == read["TargetManagement"]["probationAge"]


def test_nvtracker_says_nothing_of_what_a_preset_does_without() -> None:
    read = YAML(typ="safe").load(tracker_file(deepstream(tracker="nvdcf_perf")).partition("\n")[2])
    assert "noiseWeightVar4Loc" not in read["StateEstimator"]
    assert read["VisualTracker"]["visualTrackerType"] == 2
    read = YAML(typ="safe").load(tracker_file(deepstream(tracker="iou")).partition("\n")[2])
    assert read["VisualTracker"] == {"visualTrackerType": 0}
    assert read["StateEstimator"] == {"stateEstimatorType": 0}


RULES = TypeAdapter(tuple[Rule, ...])


def written(*rules: dict[str, Any], pads: Mapping[str, int] = PADS) -> Any:
    return analytics_file(RULES.validate_python(rules), NAMES, pads, PICTURE)


def zone(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "zone", "name": name, "polygon": [[0, 0], [0.5, 0], [0.5, 0.5]], **fields}


def line(name: str, start: list[float], end: list[float], **fields: Any) -> dict[str, Any]:
    return {"type": "line", "name": name, "start": start, "end": end, **fields}


def test_nvdsanalytics() -> None:
    result = written(
        zone("yard"),
        zone("crowd", overcrowding={"objects": 4}, cameras=["yard"], classes=["car", "person"]),
        line("door", [0.1, 0.5], [0.9, 0.5], infinite=True),
        {"type": "direction", "name": "north", "start": [0.5, 0.9], "end": [0.5, 0.1]},
    )
    read = ini(result.text)
    check_analytics(read)
    assert result.left_out == ("rule 'door': DeepStream counts each object once at a line, and only inwards",)
    assert read["property"]["config-width"] == "1280"
    assert read["roi-filtering-stream-0"]["roi-yard"] == "0;0;640;0;640;360"
    assert read["overcrowding-stream-2"]["class-id"] == "0;2"
    assert read["overcrowding-stream-2"]["object-threshold"] == "4"
    assert "overcrowding-stream-0" not in read
    assert read["line-crossing-stream-0"]["extended"] == "1"
    assert read["line-crossing-stream-0"]["line-crossing-door"] == "640;310;640;410;128;360;1152;360"
    assert read["direction-detection-stream-2"]["direction-north"] == "640;648;640;72"


def check_analytics(read: Mapping[str, Mapping[str, str]]) -> None:
    assert set(read["property"]) <= keys.ANALYTICS_PROPERTY
    for group in read.keys() - {"property"}:
        kind = group.rpartition("-")[0]
        own = {key for key in read[group] if not key.startswith(keys.ANALYTICS_SHAPES[kind])}
        assert own <= keys.ANALYTICS_GROUPS[kind]


def test_what_is_said_of_a_line_is_so() -> None:
    """In by one object, out by another, in by the first again; from the line's left to its right is in."""
    text = written(line("door", [0.1, 0.5], [0.9, 0.5])).text
    analytics, counts = NvdsAnalytics(parse(text, "ini", "written").settings), []
    for number, (identity, way) in enumerate(((1, 1), (2, -1), (1, 1))):
        for step in range(-40, 41):
            pts = (number * 100 + step) * 40_000_000
            item = TrackedObject(identity, 0, 620, 360 + way * step * 5 - 80, 40, 80)
            result = analytics.process(0, PICTURE, pts, [item])
        assert result is not None
        counts.append(result.line_totals["door"])
    assert counts == [1, 1, 1]


def test_nvdsanalytics_tells_what_it_leaves_out() -> None:
    result = written(
        zone("one"),
        zone("two", classes=["car"]),
        zone("three", loitering=5, anchor="centre"),
        {"type": "heatmap", "name": "heat"},
        zone("full", overcrowding={"objects": 4, "seconds": 2, "until": 1}),
        line("a=b", [0, 0], [1, 1]),
    )
    text = "\n".join(result.left_out)
    assert "rule 'two': DeepStream has one `class-id`" in text
    assert "rule 'three': DeepStream has no loitering" in text
    assert "rule 'three': DeepStream looks at the bottom centre" in text
    assert "rule 'full': DeepStream has no `seconds` in overcrowding" in text
    assert "rule 'full': DeepStream has no `until` in overcrowding" in text
    assert "rule 'heat': DeepStream has nothing like `heatmap`" in text
    assert "rule 'a=b': its name can't be a label" in text


@given(st.text(min_size=1, max_size=12))
@example("Tor 3 ")
@example("family \U0001f468\u200d\U0001f469")
def test_any_name_of_a_rule_is_a_label_or_left_out(name: str) -> None:
    """Text that a key file can't hold keeps no pipeline from being built."""
    result = written(zone(name), zone(f"{name}2"), pads={"gate": 0})
    labels = [roi.label for roi in parse(result.text, "ini", "written").settings.stream(0).rois]
    said = f"rule {name!r}: its name can't be a label in DeepStream's file" in result.left_out
    assert (name in labels) is not said
    assert len(labels) + len(result.left_out) == 2


fractions = st.floats(0, 1).map(lambda value: round(value, 3))
points = st.tuples(fractions, fractions)


@given(points, points)
def test_the_arrow_of_a_line_points_to_its_right_and_stays_in_the_picture(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    if abs(start[0] - end[0]) + abs(start[1] - end[1]) < 0.1:
        return
    result = written(line("l", list(start), list(end)), pads={"gate": 0})
    numbers = [int(one) for one in ini(result.text)["line-crossing-stream-0"]["line-crossing-l"].split(";")]
    assert min(numbers) >= 0
    (ax, ay, bx, by, x1, y1, x2, y2) = numbers
    # With y downwards, what lies right of the way from start to end is on the positive side of this product.
    assert (x2 - x1) * (by - ay) - (y2 - y1) * (bx - ax) > 0
    loaded = parse(result.text, "ini", "written")
    assert loaded.notices == ()


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@given(st.dictionaries(names, names, max_size=4))
def test_what_is_written_is_read_or_refused(values: dict[str, str]) -> None:
    try:
        text = key_file({"property": values}, "nothing")
    except KeyFileError:
        return
    assert ini(text)["property"] == values
