"""What a configuration may say with `engine: deepstream`."""

from __future__ import annotations

from pathlib import Path

import pytest

from camwire.config import load
from camwire.config.errors import ConfigError
from camwire.config.loading import load_text
from camwire.link.desired import DesiredDeepstream, DesiredState
from camwire.link.messages import decode_downward, encode
from camwire.server.desired import Desired

BASE = "engine: deepstream\nmodel: {file: yolo11n.onnx}\n"
CAMERAS = "cameras: [{id: a, url: a.mp4}, {id: b, url: b.mp4}]\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("engine: deepstream\n" + CAMERAS, "has to be a YOLO model"),
        (BASE.replace("onnx}", "onnx, task: pose}") + CAMERAS, "`model.task: pose` is for `engine: native`"),
        (
            BASE + "cameras: [{id: a, url: x, detect_interval: 2}, {id: b, url: y}]\n",
            "`detect_interval` is one",
        ),
        (BASE + "cameras: [{id: a, url: x, classes: [car]}]\n", "camera 'a': `classes` can't differ"),
        (
            BASE
            + CAMERAS
            + "deepstream: {preprocess: fp32, rois: [{camera: c, left: 0, top: 0, width: 9, height: 9}]}\n",
            "`deepstream.rois` names the camera 'c'",
        ),
        (BASE + CAMERAS + "deepstream: {mux: new, mux_size: 1920x1080}\n", "`mux_size` is for `mux: legacy`"),
        (BASE + CAMERAS + "deepstream: {tracker: nvdeepsort}\n", "`nvdeepsort` needs `reid_model`"),
        (BASE + CAMERAS + "deepstream: {tracker_size: 640x380}\n", "a multiple of 32"),
        (
            BASE + CAMERAS + "deepstream: {rois: [{camera: a, left: 0, top: 0, width: 9, height: 9}]}\n",
            "add `preprocess: fp32`",
        ),
        (BASE + CAMERAS + "deepstream: {osd: nativ}\n", "did you mean native?"),
        (
            BASE + CAMERAS + "deepstream: {tensor_function: 'mine:look'}\n",
            "gets no tensors without",
        ),
        (
            BASE + CAMERAS + "deepstream: {tensor_output: true, tensor_function: mine.py}\n",
            "expected module:function, for example my_tensors:look",
        ),
        (
            BASE + CAMERAS + "deepstream: {tracker: camwire, analytics: nvdsanalytics}\n",
            "goes by nvtracker's ids",
        ),
        (
            BASE
            + CAMERAS
            + "deepstream: {preprocess: fp32, rois: [{camera: a, left: 1280, top: 0, width: 9, height: 9}]}",
            "begins outside the muxer's picture, which is 1280x720",
        ),
    ],
)
def test_what_deepstream_cannot_do_is_a_mistake(text: str, wanted: str) -> None:
    with pytest.raises(ConfigError, match=r"camwire\.yaml:") as raised:
        load_text(text, "camwire.yaml")
    assert wanted in str(raised.value)


def test_none_of_that_counts_for_the_native_engine() -> None:
    load_text("cameras: [{id: a, url: x, detect_interval: 2}, {id: b, url: y}]\n", "camwire.yaml")


def test_relative_paths_begin_at_the_configurations_folder(tmp_path: Path) -> None:
    file = tmp_path / "camwire.yaml"
    file.write_text(BASE + CAMERAS + "deepstream: {parser: lib/p.so, reid_model: /m/r.onnx}\n")
    settings = load(file).deepstream
    assert settings.parser == str(tmp_path / "lib/p.so")
    assert settings.reid_model == "/m/r.onnx"
    assert settings.detector_config is None


def test_workers_are_told_everything() -> None:
    config = load_text(BASE + CAMERAS + "deepstream: {mux: new, batch_size: 4}\n", "camwire.yaml")
    document = Desired(config).document()
    received = decode_downward(encode(document))
    assert isinstance(received, DesiredState)
    assert received.deepstream is not None
    assert (received.deepstream.mux, received.deepstream.batch_size) == ("new", 4)
    assert set(type(config.deepstream).model_fields) == set(DesiredDeepstream.__struct_fields__)
    assert Desired(load_text(CAMERAS, "camwire.yaml")).document().deepstream is None
