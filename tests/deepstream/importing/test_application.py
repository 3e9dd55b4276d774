"""Whole applications: what becomes of every file, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from camwire.config import Config, load_text
from camwire.config.detection import ClassConfig
from camwire.deepstream.importing import Engine, Imported, ImportMistakeError, import_application
from camwire.frames import Size
from tests.deepstream.importing.applications import (
    ANALYTICS,
    INFER,
    TRACKER,
    YAML_INFER,
    write_application,
    write_yaml_application,
)


def loaded(imported: Imported) -> Config:
    return load_text(imported.text, "camwire.yaml", environment={})


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    return import_application(write_application(tmp_path), tmp_path)


def test_cameras_stand_in_the_order_of_their_streams(imported: Imported) -> None:
    cameras = loaded(imported).cameras
    assert [camera.id for camera in cameras] == [
        "source0",
        "source2",
        "source3",
        "source2-1",
        "source2-2",
        "source1",
    ]
    assert [camera.enabled for camera in cameras] == [True] * 5 + [False]
    first, *others = cameras
    assert first.url.reveal() == "rtsp://admin:open%24esame@192.0.2.7:554/stream"
    assert (first.latency_ms, first.transport, first.drop_on_latency) == (200, "udp", False)
    assert [camera.url.reveal() for camera in others] == [
        "streams/part_0.mp4",
        "/dev/video2",
        "streams/part_1.mp4",
        "streams/part_2.mp4",
        "rtsp://192.0.2.8/stream",
    ]
    assert {camera.detect_interval for camera in cameras} == {3}


def test_the_detector(imported: Imported) -> None:
    model = loaded(imported).model
    assert (model.file, model.labels) == ("models/yolo11n.onnx", "configs/labels.txt")
    assert (model.input_size, model.resize, model.precision) == (Size(640, 384), "letterbox", "full")
    assert (model.score_threshold, model.iou_threshold, model.top_k) == (0.25, 0.45, 300)
    assert model.classes == ("0", "2")
    assert model.per_class == (ClassConfig(name="2", top_k=10),)


def test_what_nvinfer_leaves_out_has_its_defaults(tmp_path: Path) -> None:
    file = tmp_path / "infer.txt"
    file.write_text("[property]\nonnx-file=model.onnx\n")
    model = loaded(import_application(file, tmp_path)).model
    assert (model.score_threshold, model.iou_threshold) == (0.2, 0.3)
    assert (model.resize, model.precision) == ("stretch", "full")


@pytest.mark.parametrize(
    ("infer", "preprocess", "resize"),
    [
        ("", "maintain-aspect-ratio=1\n", "letterbox"),
        ("maintain-aspect-ratio=1\n", "", "stretch"),
        ("maintain-aspect-ratio=1\n", None, "letterbox"),
    ],
)
def test_the_tensor_that_nvdspreprocess_makes_is_what_counts(
    tmp_path: Path, infer: str, preprocess: str | None, resize: str
) -> None:
    (tmp_path / "infer.txt").write_text(f"[property]\nonnx-file=model.onnx\n{infer}")
    (tmp_path / "preprocess.txt").write_text(f"[property]\nenable=1\ntensor-name=images\n{preprocess}")
    file = tmp_path / "application.txt"
    enabled = int(preprocess is not None)
    file.write_text(
        "[source0]\nuri=a.mp4\n[primary-gie]\nconfig-file=infer.txt\n"
        f"[pre-process]\nenable={enabled}\nconfig-file=preprocess.txt\n"
    )
    assert loaded(import_application(file, tmp_path)).model.resize == resize


@pytest.mark.parametrize(("tensors", "intervals"), [(0, [3, 5, 7]), (1, [1, 5, 7])])
def test_the_interval_that_has_an_effect(tmp_path: Path, tensors: int, intervals: list[int]) -> None:
    """On tensors of nvdspreprocess nvinfer's has none; those of its groups are for their streams."""
    (tmp_path / "preprocess.txt").write_text(
        "[property]\nenable=1\ntensor-name=images\n[group-0]\nsrc-ids=0\ninterval=0\n"
        "[group-1]\nsrc-ids=1\ninterval=4\n[group-2]\nsrc-ids=-1\ninterval=6\n"
    )
    file = tmp_path / "application.txt"
    file.write_text(
        "[source0]\nuri=a.mp4\n[source1]\nuri=b.mp4\n[source2]\nuri=c.mp4\n"
        "[pre-process]\nenable=1\nconfig-file=preprocess.txt\n"
        f"[primary-gie]\nonnx-file=m.onnx\ninterval=2\ninput-tensor-meta={tensors}\n"
    )
    imported = import_application(file, tmp_path)
    assert [camera.detect_interval for camera in loaded(imported).cameras] == intervals
    assert ("has no effect on tensors" in imported.text) == bool(tensors)


def test_values_are_read_as_glib_reads_them(tmp_path: Path) -> None:
    """A number ends at the first blank, so that comments stand behind it; texts have escapes."""
    (tmp_path / "infer.txt").write_text(
        "[property]\r\nonnx-file=my\\smodel.onnx\r\ninterval=2 # every third\r\n"
        "infer-dims=3;640 ;640 # with or without a semicolon\r\nregex=\\d\r\n"
        "[class-attrs-all]\r\ntopk=20\t(most)\r\n"
    )
    file = tmp_path / "application.txt"
    file.write_text(
        "[source-list]\nlist=rtsp://192.0.2.1/a\\;b;rtsp://192.0.2.2/c\\\\d\n"
        "[primary-gie]\nconfig-file=infer.txt\n[streammux]\nwidth= 1920 \nheight=1080  # full HD\n"
    )
    imported = import_application(file, tmp_path)
    config = loaded(imported)
    assert [camera.url.reveal() for camera in config.cameras] == [
        "rtsp://192.0.2.1/a;b",
        "rtsp://192.0.2.2/c\\d",
    ]
    assert {camera.detect_interval for camera in config.cameras} == {3}
    assert (config.model.file, config.model.input_size) == ("my model.onnx", Size(640, 640))
    assert (config.model.top_k, config.output.size) == (20, Size(1920, 1080))
    assert [str(remark).rpartition(": ")[2] for remark in imported.remarks] == ["has no counterpart"]


def test_regions_for_all_other_streams_are_said(tmp_path: Path) -> None:
    application = write_application(tmp_path)
    file = tmp_path / "configs/preprocess.txt"
    file.write_text(file.read_text().replace("src-ids=0;1", "src-ids=-1"))
    assert "preprocess.txt:8: [group-0] src-ids: was for every other stream" in import_application(
        application, tmp_path
    ).text.replace(str(tmp_path / "configs/"), "")


def test_tracker_analytics_picture(imported: Imported) -> None:
    config = loaded(imported)
    assert (config.tracker.config, config.tracker.id_reset) == ("configs/tracker.yml", "on_reconnect")
    assert config.analytics.nvdsanalytics == "configs/analytics.txt"
    assert config.output.size == Size(1920, 1080)
    assert (config.overlay.boxes, config.overlay.labels) == (True, False)


def test_what_deepstream_alone_is_told(imported: Imported) -> None:
    config = loaded(imported)
    assert config.engine == "native"
    deepstream = config.deepstream
    assert (deepstream.reconnect_seconds, deepstream.batch_size) == (10, 4)
    assert (deepstream.batch_timeout_us, deepstream.padding) == (40_000, False)
    assert (deepstream.preprocess, deepstream.tensor_name, deepstream.tensor_output) == (
        "fp16",
        "images",
        True,
    )
    assert deepstream.tracker_size == Size(640, 384)
    assert [(roi.camera, roi.left, roi.width) for roi in deepstream.rois] == [
        ("source0", 0, 960),
        ("source0", 960, 960),
    ]


def test_behind_deepstream(tmp_path: Path) -> None:
    config = loaded(import_application(write_application(tmp_path), tmp_path, "deepstream"))
    assert config.engine == "deepstream"
    assert config.deepstream.detector_config == "configs/infer.txt"
    assert config.deepstream.analytics == "nvdsanalytics"


def test_what_deepstream_cannot_have_stays_native(tmp_path: Path) -> None:
    file = tmp_path / "application.txt"
    file.write_text("[source0]\nuri=rtsp://192.0.2.1/a\n")
    imported = import_application(file, tmp_path, "deepstream")
    assert loaded(imported).engine == "native"
    assert "nvinfer has no NanoDet" in imported.text


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("application.txt:19: [source0] smart-record", "clips"),
        ("application.txt:39: [source4] type", "by hand"),
        ("application.txt:7: [tiled-display] rows", "arranges"),
        ("application.txt:3: [application] kitti-track-output-dir", "camwire track"),
        ("application.txt:75: [osd] show-clock", "clock"),
        ("application.txt:79: [secondary-gie0] config-file", "second network"),
        ("application.txt:83: [sink0] type", "MJPEG"),
        ("application.txt:89: [my-own]", "has no counterpart"),
        ("infer.txt:8: [property] cluster-mode", "NMS"),
        ("infer.txt:11: [property] parse-bbox-func-name", "itself"),
        ("infer.txt:13: [property] my-own-key", "has no counterpart"),
        ("infer.txt:21: [class-attrs-2] pre-cluster-threshold", "less than or equal to 1"),
        ("infer.txt:23: [class-attrs-2] eps", "has no counterpart"),
        ("application.txt:65: [tracker] ll-config-file", "ReID"),
        ("preprocess.txt:10: [group-0] roi-params-src-0", "natively"),
        ("preprocess.txt:11: [group-0] roi-params-src-9", "no stream 9"),
    ],
)
def test_what_has_no_counterpart_is_named_with_its_line(imported: Imported, place: str, words: str) -> None:
    (remark,) = [str(each) for each in imported.remarks if f"/{place}" in str(each)]
    assert words in remark
    assert f"# {remark}" in imported.text


def test_nothing_else_is_said(imported: Imported) -> None:
    """What means nothing here (GPU numbers, pools, switched-off sinks) is left out without a word."""
    assert len(imported.remarks) == 16


def test_remarks_hold_no_password(imported: Imported) -> None:
    comments = [line for line in imported.text.splitlines() if line.lstrip().startswith("#")]
    assert "esame" not in "".join([*comments, *map(str, imported.remarks)])


def test_the_yaml_form(tmp_path: Path) -> None:
    imported = import_application(write_yaml_application(tmp_path), tmp_path)
    config = loaded(imported)
    assert [(camera.id, camera.latency_ms) for camera in config.cameras] == [
        ("source0", 300),
        ("source1", 50),
        ("source1-1", 50),
    ]
    assert [camera.url.reveal() for camera in config.cameras] == [
        "rtsp://root:swordfish@192.0.2.1/a",
        "/videos/part0.mp4",
        "/videos/part1.mp4",
    ]
    assert (config.model.file, config.model.score_threshold) == ("model.onnx", 0.4)
    assert config.output.size == Size(1280, 720)
    assert "open the viewer" in imported.text


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:/videos/a%20b.mp4", "/videos/a b.mp4"),
        ("FILE:///videos/a.mp4", "/videos/a.mp4"),
        ("file://videos/a.mp4", "videos/a.mp4"),
        ("videos/a.mp4", "videos/a.mp4"),
    ],
)
def test_addresses_of_files(tmp_path: Path, uri: str, path: str) -> None:
    file = tmp_path / "application.txt"
    file.write_text(f"[source0]\nuri={uri}\n")
    (camera,) = loaded(import_application(file, tmp_path)).cameras
    assert camera.url.reveal() == path


def test_a_source_list(tmp_path: Path) -> None:
    file = tmp_path / "application.txt"
    file.write_text(
        "[source-list]\nnum-source-bins=2\nlist=rtsp://192.0.2.1/a;rtsp://192.0.2.2/b;\n"
        "sensor-id-list=gate;gate\nsensor-name-list=The gate\n[source-attr-all]\nlatency=77\ntype=4\n"
    )
    cameras = loaded(import_application(file, tmp_path)).cameras
    assert [(camera.id, camera.name, camera.latency_ms) for camera in cameras] == [
        ("gate", "The gate", 77),
        ("gate-2", None, 77),
    ]


def test_a_folder_with_an_application(tmp_path: Path) -> None:
    write_yaml_application(tmp_path)
    (tmp_path / "notes.txt").write_text("no key file\n")
    (tmp_path / "README.txt").write_bytes(b"\xff\xfe")
    assert len(loaded(import_application(tmp_path, tmp_path)).cameras) == 3


def test_a_folder_of_elements_files(tmp_path: Path) -> None:
    (tmp_path / "a_infer.txt").write_text(INFER)
    (tmp_path / "b_infer.txt").write_text(INFER)
    (tmp_path / "analytics.txt").write_text(ANALYTICS)
    (tmp_path / "tracker.yml").write_text(TRACKER)
    imported = import_application(tmp_path, tmp_path)
    config = loaded(imported)
    assert config.cameras == ()
    assert "add cameras here" in imported.text
    assert config.analytics.nvdsanalytics == "analytics.txt"
    assert config.tracker.config == "tracker.yml"
    assert config.model.labels == "labels.txt"
    assert any("b_infer.txt: not imported" in str(remark) for remark in imported.remarks)


def test_files_elsewhere_are_named_with_their_whole_path(tmp_path: Path) -> None:
    application, other = write_application(tmp_path), tmp_path / "elsewhere"
    config = loaded(import_application(application, other))
    assert config.model.file == str(tmp_path / "models/yolo11n.onnx")
    assert config.cameras[1].url.reveal() == str(tmp_path / "streams/part_0.mp4")


def test_a_named_file_that_is_not_here(tmp_path: Path) -> None:
    file = tmp_path / "application.txt"
    file.write_text(
        "[source0]\nuri=rtsp://192.0.2.1/a\n[primary-gie]\nconfig-file=gone.txt\nonnx-file=m.onnx\n"
    )
    imported = import_application(file, tmp_path)
    assert "application.txt:4: [primary-gie] config-file" in imported.text
    assert "isn't here" in imported.text
    assert loaded(imported).model.file == "m.onnx"


MULTI_URI = """\
[source-list]
num-source-bins=2
list=rtsp://u:swordfish@192.0.2.1/a;file:///videos/b.mp4;
use-nvmultiurisrcbin=1
sensor-id-list=front;back
sensor-name-list=Front door;Back
max-batch-size=16
http-port=9000

[source-attr-all]
enable=1
type=3
latency=150
low-latency-mode=1

[streammux]
batched-push-timeout=-1

[primary-gie]
onnx-file=m.onnx

[tracker]
ll-lib-file=libnvds_nvmultiobjecttracker.so
ll-config-file=gone/config_tracker_NvDCF_accuracy.yml
"""


@pytest.mark.parametrize(
    "text", ["StateEstimator:\n  stateEstimatorType: 3\n", "NvDCF:\n  probationAge: 3\n"]
)
@pytest.mark.parametrize("engine", ["native", "deepstream"])
def test_a_file_for_deepstreams_tracker_alone(tmp_path: Path, engine: Engine, text: str) -> None:
    """NVIDIA's files begin with a licence; the one of the 3D tracker says stateEstimatorType 3."""
    licensed = f"# SPDX-License-Identifier: Apache-2.0\n\n%YAML:1.0\n{text}"
    (tmp_path / "config_tracker_NvDCF_accuracy_3D.yml").write_text(licensed)
    file = tmp_path / "application.txt"
    file.write_text(
        "[source0]\nuri=rtsp://192.0.2.1/a\n[primary-gie]\nonnx-file=m.onnx\n"
        "[tracker]\nll-config-file=config_tracker_NvDCF_accuracy_3D.yml\n"
    )
    imported = import_application(file, tmp_path, engine)
    config = loaded(imported)
    assert config.engine == engine
    if engine == "deepstream":
        assert config.tracker.config == "config_tracker_NvDCF_accuracy_3D.yml"
    else:
        assert (config.tracker.type, config.tracker.config) == ("nvdcf_accuracy", None)
        assert "a preset stands for it" in imported.text


def test_an_elements_file_in_yaml_begins_with_comments(tmp_path: Path) -> None:
    file = tmp_path / "infer.yml"
    file.write_text(f"\ufeff# SPDX-License-Identifier: Apache-2.0\n\n%YAML:1.0\n{YAML_INFER}")
    assert loaded(import_application(file, tmp_path)).model.score_threshold == 0.4


@pytest.mark.parametrize("engine", ["native", "deepstream"])
def test_a_list_of_sources(tmp_path: Path, engine: Engine) -> None:
    file = tmp_path / "application.txt"
    file.write_text(MULTI_URI)
    imported = import_application(file, tmp_path, engine)
    config = loaded(imported)
    assert [(one.id, one.name, one.latency_ms) for one in config.cameras] == [
        ("front", "Front door", 150),
        ("back", "Back", 150),
    ]
    assert [str(remark).partition(": ")[2].split(":")[0] for remark in imported.remarks] == [
        "[source-list] http-port",
        "[streammux] batched-push-timeout",
        "[tracker] ll-config-file",
        "[source-attr-all] low-latency-mode",
    ]
    # A file that isn't here can't be used; its name says which tracker it was.
    assert (config.tracker.type, config.tracker.config) == ("nvdcf_accuracy", None)
    assert config.deepstream.tracker == "nvdcf_accuracy"
    assert config.deepstream.tracker_library.startswith("/opt/nvidia/")


@pytest.mark.parametrize(
    ("name", "tracker"),
    [
        ("config_tracker_IOU.yml", "iou"),
        ("config_tracker_NvSORT.yml", "nvsort"),
        ("config_tracker_NvDeepSORT.yml", "nvsort"),
        ("config_tracker_NvDCF_max_perf.yml", "nvdcf_perf"),
        ("own.yml", "nvdcf_perf"),
    ],
)
def test_a_tracker_by_its_files_name(tmp_path: Path, name: str, tracker: str) -> None:
    file = tmp_path / "application.txt"
    file.write_text(f"[source0]\nuri=a.mp4\n[tracker]\nll-config-file={name}\n")
    config = loaded(import_application(file, tmp_path))
    assert (config.tracker.type, config.deepstream.tracker) == (tracker, tracker)


def test_a_library_without_a_file_is_iou(tmp_path: Path) -> None:
    file = tmp_path / "application.txt"
    file.write_text("[source0]\nuri=a.mp4\n[tracker]\nll-lib-file=/opt/libnvds_nvmultiobjecttracker.so\n")
    config = loaded(import_application(file, tmp_path))
    assert (config.tracker.type, config.deepstream.tracker) == ("iou", "iou")


def test_what_deepstream_reads_itself_has_every_counterpart(tmp_path: Path) -> None:
    imported = import_application(write_application(tmp_path), tmp_path, "deepstream")
    said = "\n".join(map(str, imported.remarks))
    assert "infer.txt" not in said
    assert "natively" not in said
    assert "application.txt:39: [source4] type" in said


def test_a_region_that_is_the_whole_picture_is_none(tmp_path: Path) -> None:
    application = write_application(tmp_path)
    file = tmp_path / "configs/preprocess.txt"
    file.write_text(file.read_text().replace("=0;0;960;1080;960;0;960;1080", "=0;0;1920;1080"))
    config = loaded(import_application(application, tmp_path))
    assert (config.deepstream.preprocess, config.deepstream.rois) == ("fp16", ())


def test_switched_off(tmp_path: Path) -> None:
    application = write_application(tmp_path)
    text = application.read_text()
    for group in ("primary-gie", "pre-process", "tracker", "nvds-analytics", "osd"):
        text = text.replace(f"[{group}]\nenable=1", f"[{group}]\nenable=0")
    application.write_text(text)
    imported = import_application(application, tmp_path)
    config = loaded(imported)
    assert config.model == Config(cameras=()).model
    assert (config.deepstream.preprocess, config.analytics.nvdsanalytics, config.tracker.config) == (
        "none",
        None,
        None,
    )
    assert not config.overlay.boxes
    assert "always detects" in imported.text
    assert "always follows" in imported.text


@pytest.mark.parametrize("engine", ["native", "deepstream"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[source0]\ntype=four\nuri=rtsp://192.0.2.1/a\n", ":2: [source0] type: 'four' is no whole number"),
        ("[source0]\nenable=maybe\n", ":2: [source0] enable: 'maybe' is no boolean"),
        ("[source0]\nuri rtsp\n", ":2: 'uri rtsp' is neither"),
        ("[streammux]\nwidth=1e3\nheight=3\n", ":2: [streammux] width"),
        ("[streammux]\n[source0]\nuri=a\nlatency=" + "9" * 5000 + "\n", ":4: [source0] latency"),
        ("nothing\n", ":1: "),
        ("[property]\nx=1\n", "none of DeepStream's files"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, text: str, message: str, engine: Engine) -> None:
    file = tmp_path / "application.txt"
    file.write_text(text)
    with pytest.raises(ImportMistakeError) as caught:
        import_application(file, tmp_path, engine)
    assert str(file) in str(caught.value)
    assert message in str(caught.value)


def test_every_mistake_at_once(tmp_path: Path) -> None:
    application = write_application(tmp_path)
    (tmp_path / "configs/infer.txt").write_text("[property]\ninterval=x\nonnx-file=a\n")
    (tmp_path / "configs/analytics.txt").write_text("[property]\nenable=1\n")
    application.write_text(application.read_text().replace("latency=200", "latency=soon"))
    with pytest.raises(ImportMistakeError) as caught:
        import_application(application, tmp_path)
    lines = str(caught.value).splitlines()
    assert [line.rpartition("/")[2].split(" ")[0] for line in lines] == [
        "application.txt:14:",
        "analytics.txt:1:",
    ]


def test_several_applications(tmp_path: Path) -> None:
    write_yaml_application(tmp_path)
    (tmp_path / "other.txt").write_text("[source0]\nuri=a\n")
    with pytest.raises(ImportMistakeError, match=r"application\.yml, other\.txt; name one"):
        import_application(tmp_path, tmp_path)


def test_an_empty_folder_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(ImportMistakeError, match="none of DeepStream's files is in this folder"):
        import_application(tmp_path, tmp_path)
    with pytest.raises(ImportMistakeError, match="can't be read: No such file"):
        import_application(tmp_path / "none.txt", tmp_path)
