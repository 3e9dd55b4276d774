"""Every layout: told from a file's words and shapes, and read as an independent float64 reading has it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camwire.frames import Size
from camwire.models import ModelError, Overrides, TensorSpec
from camwire.models.coco import COCO_CLASSES
from camwire.models.labels import COCO_CATEGORIES
from camwire.models.signature import Signature
from tests.models.layouts import (
    ANCHORS,
    LAYOUTS,
    PROTOTYPES,
    SIZE,
    Layout,
    metadata,
    random_outputs,
    recognised,
    reference,
)

EVERY_LAYOUT = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


@EVERY_LAYOUT
@settings(max_examples=5)
@given(batch=st.integers(1, 3), seed=st.integers(0, 2**32 - 1), threshold=st.sampled_from([0.3, 0.6, 1.1]))
def test_is_read_as_the_layout_says(layout: Layout, batch: int, seed: int, threshold: float) -> None:
    model = layout.model()
    outputs = random_outputs(layout, batch, seed)
    thresholds = np.full((batch, layout.classes), threshold, np.float32)
    thresholds[:, 2::3] = np.inf
    thresholds[1:] -= 0.1
    expected = reference(layout, outputs, thresholds)
    for output in outputs:
        output.flags.writeable = False
    raw = model.decode(outputs, SIZE, thresholds)
    assert raw.frame_index.tolist() == [box.frame for box in expected]
    assert raw.classes.tolist() == [box.classes for box in expected]
    np.testing.assert_allclose(raw.scores, [box.score for box in expected], rtol=1e-4)
    np.testing.assert_allclose(raw.boxes, [box.box for box in expected] or np.empty((0, 4)), atol=2e-3)
    assert (raw.boxes.dtype, raw.scores.dtype) == (np.float32, np.float32)
    assert (raw.classes.dtype, raw.frame_index.dtype) == (np.int32, np.int32)
    assert (raw.keypoints is not None) == (layout.task == "pose")
    assert (raw.masks is not None) == (layout.task == "segment")
    assert (raw.oriented is not None) == (layout.task == "obb")
    if raw.keypoints is not None and expected:
        np.testing.assert_allclose(raw.keypoints, [box.keypoints for box in expected], atol=2e-3)
    if raw.masks is not None and expected:
        np.testing.assert_allclose(raw.masks.weights, [box.weights for box in expected], rtol=1e-6)
        assert raw.masks.prototypes.shape == (batch, 32, 16, 24)
    if raw.oriented is not None and expected:
        np.testing.assert_allclose(raw.oriented, [box.oriented for box in expected], rtol=1e-5)


@EVERY_LAYOUT
def test_something_is_found_in_every_layout(layout: Layout) -> None:
    """So that the comparison above is not one of nothing with nothing."""
    outputs = random_outputs(layout, 3, 1)
    assert len(reference(layout, outputs, np.full((3, layout.classes), 0.3, np.float32)))


@EVERY_LAYOUT
def test_says_what_it_is(layout: Layout) -> None:
    model = layout.model()
    assert (model.task, len(model.classes)) == (layout.task, layout.classes)
    assert model.name == "some"
    assert model.overlapping == (layout.row == "anchors" or layout.name == "DeepStream-Yolo")
    told = "its metadata" if "metadata" in model.reading else "its shapes"
    if layout.row not in ("queries", "both"):
        assert model.reading.endswith(f"told from {told}")
    assert ("fractions" in model.reading) == layout.nhwc


@EVERY_LAYOUT
def test_numbers_that_are_none_are_an_error_that_names_the_file(layout: Layout) -> None:
    model = layout.model()
    thresholds = np.full((2, layout.classes), 0.3, np.float32)
    for output in random_outputs(layout, 2, 3)[:1]:
        output[1] = np.nan
        with pytest.raises(ModelError, match=r"^model folder/some.onnx: its output \w+ holds NaN"):
            model.decode([output, *random_outputs(layout, 2, 3)[1:]], SIZE, thresholds)


def test_half_precision_outputs_are_read_too() -> None:
    layout = LAYOUTS[0]
    outputs = [output.astype(np.float16) for output in random_outputs(layout, 1, 0)]
    raw = layout.model().decode(outputs, SIZE, np.full((1, 80), 0.3, np.float32))
    assert len(raw)
    assert raw.boxes.dtype == np.float32


def test_a_class_without_a_name_is_an_error() -> None:
    layout = next(layout for layout in LAYOUTS if layout.name == "end-to-end, 3 classes")
    (rows,) = random_outputs(layout, 1, 0)
    rows[0, 7, 4:6] = 0.9, 3
    with pytest.raises(ModelError, match=r"an object of class 3, but there are names for 0 to 2 only"):
        layout.model().decode([rows], SIZE, np.full((1, 3), 0.5, np.float32))


# --- telling layouts apart ---------------------------------------------------------------------


def of(*outputs: TensorSpec, sides: tuple[int, ...] = (1, 3, 64, 96), **said: str) -> Signature:
    return Signature((TensorSpec("images", sides, "float32"),), outputs, said)


def table(*shape: int) -> TensorSpec:
    return TensorSpec("o", shape, "float32")


def test_the_configuration_has_the_last_word_on_the_task() -> None:
    ambiguous = of(table(1, 20, ANCHORS))
    assert (recognised(ambiguous).task, len(recognised(ambiguous).classes)) == ("detect", 16)
    oriented = recognised(ambiguous, Overrides(task="obb"))
    assert (oriented.task, len(oriented.classes)) == ("obb", 15)
    pose = recognised(ambiguous, Overrides(task="pose"))
    assert (pose.task, pose.classes) == ("pose", ("person",))
    assert pose.reading.endswith("told from the configuration")


def test_names_come_from_labels_then_metadata_then_habit() -> None:
    said = metadata("detect", 5)
    nine = table(1, 9, ANCHORS)
    assert recognised(of(nine, **said)).classes[:2] == ("kind 0", "kind 1")
    assert recognised(of(nine, **said), Overrides(labels=tuple("abcde"))).classes == tuple("abcde")
    assert recognised(of(nine)).classes == tuple(f"class {number}" for number in range(5))
    assert recognised(of(table(1, 84, ANCHORS))).classes == COCO_CLASSES
    assert LAYOUTS[0].model().classes == COCO_CLASSES
    detr = next(layout for layout in LAYOUTS if layout.name == "RF-DETR").model()
    assert detr.classes == COCO_CATEGORIES
    assert (detr.classes[1], detr.classes[3], detr.classes[90]) == ("person", "car", "toothbrush")


def test_the_name_comes_from_the_metadata() -> None:
    said = metadata("detect", 5, description="Ultralytics YOLO11n model trained on coco.yaml")
    assert recognised(of(table(1, 9, ANCHORS), **said)).name == "YOLO11n"


def test_two_classes_make_rt_detr_and_an_end_to_end_yolo_alike_but_for_the_name() -> None:
    said = metadata("detect", 2)
    assert recognised(of(table(1, 300, 6), **said)).reading.startswith("end-to-end YOLO detect")
    said["description"] = "Ultralytics rtdetr-l model trained on two.yaml"
    found = recognised(of(table(1, 300, 6), **said))
    assert found.reading.startswith("RT-DETR: 300 queries, 2 classes")
    assert not found.overlapping


@pytest.mark.parametrize(
    ("labels", "count"), [(tuple("abcd"), 4), (tuple("abcdef"), 6)], ids=["too few", "too many"]
)
def test_labels_that_do_not_fit_are_refused(labels: tuple[str, ...], count: int) -> None:
    with pytest.raises(ModelError, match=f"it has 5 classes, but the labels file names {count}"):
        recognised(of(table(1, 9, ANCHORS)), Overrides(labels=labels))


def test_detr_is_fed_as_it_was_trained() -> None:
    graphs = {layout.name: layout.model().graph for layout in LAYOUTS}
    for name in ("RF-DETR", "DETR"):
        assert graphs[name].mean == (123.675, 116.28, 103.53)
    assert graphs["RT-DETR"].std == (255, 255, 255)
    for name in ("RF-DETR", "DETR", "RT-DETR", "RT-DETR, one output"):
        assert not graphs[name].input.keep_aspect
    assert graphs["detect"].input.keep_aspect
    assert graphs["detect"].input.centred
    assert graphs["detect, NHWC"].layout == "NHWC"


def test_stretching_and_letterboxing_can_be_asked_for() -> None:
    assert not LAYOUTS[0].model(Overrides(keep_aspect=False)).graph.input.keep_aspect
    detr = next(layout for layout in LAYOUTS if layout.name == "RF-DETR")
    assert detr.model(Overrides(keep_aspect=True)).graph.input.keep_aspect


def test_a_dynamic_input_takes_its_size_from_the_configuration_or_the_metadata() -> None:
    dynamic = (-1, 3, -1, -1)
    said = {"imgsz": "[64, 96]", "stride": "32"}
    found = recognised(of(table(-1, 9, ANCHORS), sides=dynamic, **said))
    assert (found.graph.input.size, found.graph.step, found.graph.batch) == (SIZE, 32, None)
    asked = recognised(of(table(-1, 9, 84), sides=dynamic, **said), Overrides(size=Size(64, 64)))
    assert asked.graph.input.size == Size(64, 64)
    fixed = recognised(of(table(1, 9, ANCHORS)))
    assert (fixed.graph.step, fixed.graph.batch) == (None, 1)


@pytest.mark.parametrize(
    ("signature", "overrides", "what"),
    [
        (of(table(1, 9, -1), sides=(1, 3, -1, -1)), Overrides(), "leaves the size open; give one as"),
        (of(table(1, 9, 84), sides=(1, 3, -1, -1)), Overrides(size=Size(70, 64)), "sides are multiples of"),
        (of(table(1, 9, 84)), Overrides(size=Size(64, 64)), r"fixed at 96×64, so model.input_size"),
        (of(table(1, 9, 84), sides=(1, 4, 64, 96)), Overrides(), r"4 channels where 3 are fed"),
        (of(table(1, 9, 84), sides=(1, 64, 96)), Overrides(), r"no picture of 3 channels"),
        (Signature((), (table(1, 9, 84),)), Overrides(), "it has 0 inputs"),
        (of(table(1, 1000)), Overrides(), r"a classification net. Found: inputs images"),
        (of(table(1, 25200, 85)), Overrides(), r"not a detector that camwire knows. Found: "),
        (of(table(1, 100, 4), table(1, 100, -1)), Overrides(), r"not a detector that camwire knows. Found: "),
        (of(table(1, 9, ANCHORS), task="classify"), Overrides(), r"its task is 'classify'; accepted: de"),
        (of(table(1, 9, ANCHORS), names="{1: 'a'}"), Overrides(), r"names are no list of classes number"),
        (of(table(1, 9, ANCHORS), imgsz="big"), Overrides(), r"its metadata's imgsz is 'big', no 2 numbers"),
        (of(table(1, 9, ANCHORS), kpt_shape="[17, 4]"), Overrides(), r"kpt_shape is \[17, 4\]; accepted: "),
        (of(table(1, 9, ANCHORS), names="['a']"), Overrides(), r"it has 5 classes, but its metadata names 1"),
        (of(table(1, 9, ANCHORS)), Overrides(task="segment"), r"task segment, but there are no prototypes"),
        (
            of(table(1, 43, ANCHORS), TensorSpec("p", PROTOTYPES["protos"], "float32")),
            Overrides(task="detect"),
            r"task detect, but there are prototypes",
        ),
        (of(table(1, 5, ANCHORS)), Overrides(task="obb"), r"task obb with 5 columns leaves no class"),
        (of(table(1, 300, 9)), Overrides(), r"task detect has 6 columns a row, not 9"),
        (of(table(1, 5, ANCHORS)), Overrides(task="pose"), r"leave no whole keypoints"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_readable_line(signature: Signature, overrides: Overrides, what: str) -> None:
    with pytest.raises(ModelError, match=what) as refusal:
        recognised(signature, overrides)
    assert str(refusal.value).startswith("model folder/some.onnx: ")
    assert "\n" not in str(refusal.value)
