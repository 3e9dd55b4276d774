"""Every model layout: what the kernels find in random outputs is what the CPU's decoders find in them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camwire.devices.contracts import InputSpec
from camwire.devices.cuda.heads import HEAD, MASKED, PROTOTYPES, head_of
from camwire.frames import Size
from camwire.models.contract import Graph, Model, ModelError, TensorSpec
from camwire.models.detr import Detr
from camwire.models.nanodet import STRIDES, NanoDet
from camwire.models.yolo import Extras, Yolo, YoloRows
from tests.devices.cuda.heads import OutputInMemory, limits_of, on_the_cpu, on_the_device

SIZE = Size(320, 192)
ANCHORS = 400
NAMES = tuple(f"class {n}" for n in range(5))
EXTRAS = {
    "detect": Extras(),
    "pose": Extras(keypoints=17),
    "segment": Extras(mask_weights=32),
    "obb": Extras(angle=True),
}
GRAPH = Graph(
    Path("net.onnx"),
    InputSpec(SIZE, "RGB", 114, centred=True),
    None,
    (0.0,) * 3,
    (255.0,) * 3,
    tuple(TensorSpec(f"output{n}", (1, 1, 1), "float32") for n in range(6)),
)


def yolo(task: str, *, anchors_first: bool = False, normalised: bool = False) -> Yolo:
    return Yolo("net", task, "", NAMES, GRAPH, EXTRAS[task], anchors_first, normalised)


def rows_of(task: str, *, overlapping: bool = False, normalised: bool = False) -> YoloRows:
    return YoloRows("net", task, "", NAMES, GRAPH, EXTRAS[task], normalised, overlapping)


def detr(activation: str) -> Detr:
    return Detr("net", "", NAMES, GRAPH, activation)


MODELS: dict[str, Model] = {
    **{f"raw {task}": yolo(task) for task in EXTRAS},
    **{f"transposed {task}": yolo(task, anchors_first=True) for task in EXTRAS},
    "in fractions": yolo("pose", normalised=True),
    "in fractions, transposed, turned": yolo("obb", normalised=True, anchors_first=True),
    **{f"end to end {task}": rows_of(task) for task in EXTRAS},
    "end to end in fractions": rows_of("pose", normalised=True),
    "DeepStream-Yolo": rows_of("detect", overlapping=True),
    "DETR": detr("softmax"),
    "RF-DETR": detr("sigmoid"),
    "RT-DETR": detr("none"),
    "NanoDet": NanoDet("net", NAMES, GRAPH, ""),
}


def outputs_for(model: Model, batch: int, seed: int) -> list[np.ndarray]:
    """Crowded boxes, some beyond the input; one score in a few is high."""
    rng = np.random.default_rng(seed)
    count = 300 if isinstance(model, Detr) else ANCHORS
    centres = rng.uniform(-10, 330, (batch, count, 2)).round(-1) + rng.normal(0, 3, (batch, count, 2))
    sides = rng.uniform(5, 120, (batch, count, 2))
    centred = np.concatenate((centres, sides), axis=2)
    corners = np.concatenate((centres - sides / 2, centres + sides / 2), axis=2)
    scores = rng.uniform(0, 1, (batch, count, len(NAMES))) ** 6
    in_fractions = np.array(SIZE * 2)
    if isinstance(model, Detr):
        if model.activation == "none":
            return [np.concatenate((centred / in_fractions, scores), axis=2).astype(np.float32)]
        columns = len(NAMES) + (model.activation == "softmax")
        logits = rng.normal(-2, 2.5, (batch, count, columns))
        return [(centred / in_fractions).astype(np.float32), logits.astype(np.float32)]
    if isinstance(model, NanoDet):
        cells = [(SIZE.width // stride) * (SIZE.height // stride) for stride in STRIDES]
        made = [rng.uniform(0, 1, (batch, cell, len(NAMES))) ** 8 for cell in cells]
        made += [rng.normal(0, 3, (batch, cell, 44)) for cell in cells]
        return [output.astype(np.float32) for output in made]
    extras = rng.normal(0, 1, (batch, count, model.extras.width))
    if model.extras.keypoints:
        extras = rng.uniform(0, 320, extras.shape)
    unit = in_fractions if model.normalised else 1
    if isinstance(model, YoloRows):
        kinds = rng.integers(0, len(NAMES), (batch, count, 1)).astype(float)
        boxes = centred if model.extras.angle else corners
        table = np.concatenate((boxes / unit, scores[..., :1], kinds, extras), axis=2)
    else:
        table = np.concatenate((centred / unit, scores, extras), axis=2)
        table = table if model.anchors_first else table.transpose(0, 2, 1)
    prototypes = rng.normal(0, 0.4, (batch, model.extras.mask_weights, SIZE.height // 4, SIZE.width // 4))
    made = [np.ascontiguousarray(table, np.float32)]
    return [*made, prototypes.astype(np.float32)] if model.extras.mask_weights else made


def compare(runner, model: Model, outputs: list[np.ndarray], limits) -> int:
    """How many objects both have found."""
    ours = on_the_device(runner, model, outputs, SIZE, limits)
    theirs = on_the_cpu(model, outputs, SIZE, limits)
    np.testing.assert_array_equal(ours.frame_index, theirs.frame_index)
    np.testing.assert_array_equal(ours.classes, theirs.classes)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-6)
    np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=2e-3)
    for ours_own, theirs_own in ((ours.keypoints, theirs.keypoints), (ours.oriented, theirs.oriented)):
        assert (ours_own is None) == (theirs_own is None)
        if ours_own is not None and theirs_own is not None:
            np.testing.assert_allclose(ours_own, theirs_own, atol=2e-3)
    assert (ours.masks is None) == (theirs.masks is None)
    if ours.masks is not None and theirs.masks is not None:
        made = ours.masks.rasters(ours.frame_index, ours.boxes, SIZE)
        wanted = theirs.masks.rasters(theirs.frame_index, theirs.boxes, SIZE)
        assert np.abs(made.astype(int) - wanted).max(initial=0) <= 1
    return len(ours)


def test_records_are_laid_out_as_the_kernels_say() -> None:
    assert (HEAD.itemsize, PROTOTYPES.itemsize, MASKED.itemsize) == (144, 56, 20)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_every_layout_is_read_as_on_the_cpu(runner, model: Model) -> None:
    assert compare(runner, model, outputs_for(model, 2, 5), limits_of(2, len(NAMES), 0.6, 0.45)) > 20


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(MODELS)),
    seed=st.integers(0, 2**31),
    batch=st.integers(1, 3),
    scores=st.lists(st.floats(0.25, 1.0, width=32) | st.just(np.inf), min_size=15, max_size=15),
    overlaps=st.lists(st.floats(0.0, 1.0, width=32), min_size=15, max_size=15),
)
def test_each_frame_and_class_has_limits_of_its_own(
    host_runner, name: str, seed: int, batch: int, scores: list[float], overlaps: list[float]
) -> None:
    model = MODELS[name]
    limits = limits_of(batch, len(NAMES), 0, 0)
    limits.score[:] = np.array(scores, np.float32).reshape(3, 5)[:batch]
    limits.iou[:] = np.array(overlaps, np.float32).reshape(3, 5)[:batch]
    try:
        compare(host_runner, model, outputs_for(model, batch, seed), limits)
    except AssertionError:
        # A threshold may lie between two roundings of one number; a wrong kernel differs with both.
        limits.score[:] *= np.float32(0.999)
        limits.iou[:] *= np.float32(0.999)
        compare(host_runner, model, outputs_for(model, batch, seed), limits)


@pytest.mark.parametrize(
    ("name", "which"),
    [("raw pose", 0), ("end to end segment", 0), ("RF-DETR", 0), ("RF-DETR", 1), ("RT-DETR", 0)]
    + [("NanoDet", which) for which in range(6)],
)
def test_numbers_that_are_none_are_the_same_error_as_on_the_cpu(runner, name: str, which: int) -> None:
    model = MODELS[name]
    outputs, limits = outputs_for(model, 2, 1), limits_of(2, len(NAMES), 0.3, 0.5)
    outputs[which][1] = np.nan
    with pytest.raises(ModelError, match="holds NaN or infinite numbers"):
        on_the_cpu(model, outputs, SIZE, limits)
    with pytest.raises(ModelError, match="holds NaN or infinite numbers"):
        on_the_device(runner, model, outputs, SIZE, limits)


def test_a_class_without_a_name_is_an_error_where_it_is_sure_enough(runner) -> None:
    model = MODELS["end to end detect"]
    outputs, limits = outputs_for(model, 2, 1), limits_of(2, len(NAMES), 0.5, 0.5)
    outputs[0][1, 7, 4:] = 0.4, 77
    compare(runner, model, outputs, limits)
    outputs[0][1, 7, 4] = 0.9
    for read in (on_the_cpu, lambda *given: on_the_device(runner, *given)):
        with pytest.raises(ModelError, match="name all classes"):
            read(model, outputs, SIZE, limits)


def test_what_the_kernels_cannot_read_is_one_error(host_runner) -> None:
    @dataclasses.dataclass
    class Odd:
        name: str = "odd"
        reading: str = "twelve numbers a picture"

    with pytest.raises(ModelError, match="model odd: on GPUs camwire can't read this: twelve numbers"):
        head_of(Odd(), [], SIZE)
    many = OutputInMemory(host_runner, np.zeros((1, 9, 70_000), np.float32))
    with pytest.raises(ModelError, match=r"net.onnx: 70000 anchors a picture; on GPUs there may be 65535"):
        head_of(MODELS["raw detect"], [many], SIZE)
