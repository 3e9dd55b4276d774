"""nvinfer's box parser, compiled and called: it reads tensors as camwire's own decoders do."""

from __future__ import annotations

from ctypes import c_uint, c_void_p, cast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from camwire.frames import Size
from camwire.models import Model, RawDetections, TensorSpec
from camwire.models.catalogue import load_model
from camwire.models.nms import suppress
from camwire.models.signature import Signature
from tests.deepstream.native.libraries import Libraries
from tests.models.layouts import metadata, recognised
from tests.support.street import picture_of

pytestmark = pytest.mark.integration

SIZE = Size(96, 64)
REAL_SIZE = Size(416, 416)
ANCHORS = 96 + 24 + 6
FP32, FP16, INT32 = 0, 1, 3
REFUSED = -1

Array = NDArray[np.float32]
seeds = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Parsed:
    boxes: Array
    scores: Array
    classes: NDArray[np.int32]
    angles: Array


def parse(
    native: Libraries,
    table: NDArray[np.generic] | None,
    thresholds: Array,
    *,
    sides: tuple[int, ...] | None = None,
    kind: int = FP32,
    classes: int | None = None,
    layers: int = 1,
    before: int = 0,
    size: Size = SIZE,
) -> Parsed | int:
    """What nvinfer gets for a frame's tensor; REFUSED where the parser says no and leaves the list alone."""
    sides = sides if sides is not None else table.shape if table is not None else (84, ANCHORS)
    out = np.full((50_000, 7), np.nan, np.float32)
    memory = None if table is None else np.ascontiguousarray(table)
    count = native.harness.harness_parse(
        c_void_p(None if memory is None else memory.ctypes.data),
        kind,
        (c_uint * len(sides))(*sides),
        len(sides),
        *size,
        len(thresholds) if classes is None else classes,
        cast(thresholds.ctypes.data, c_void_p),
        len(thresholds),
        layers,
        before,
        cast(out.ctypes.data, c_void_p),
    )
    if count < 0:
        return int(count)
    rows = out[:count]
    corners = np.concatenate((rows[:, 1:3], rows[:, 1:3] + rows[:, 3:5]), axis=1)
    return Parsed(corners, rows[:, 5], rows[:, 0].astype(np.int32), rows[:, 6])


def model(kind: str, classes: int) -> Model:
    shape = (1, 4 + classes, ANCHORS) if kind == "anchors" else (1, ANCHORS, 6)
    said = metadata("detect", classes) if kind == "anchors" else {}
    inputs = (TensorSpec("images", (1, 3, SIZE.height, SIZE.width), "float32"),)
    return recognised(Signature(inputs, (TensorSpec("output0", shape, "float32"),), said))


def random_table(kind: str, classes: int, seed: int) -> Array:
    """Boxes in and around the input, clusters of them, scores of every size, ties among them."""
    random = np.random.default_rng(seed)
    centres = random.uniform(-10, np.array(SIZE) + 10, (ANCHORS, 2))
    centres[::3] = centres[random.integers(0, 5)] + random.normal(0, 2, centres[::3].shape)
    sides = random.uniform(0, 40, (ANCHORS, 2))
    scores = random.choice([0.05, 0.3, 0.5, 0.7, 1.0], (ANCHORS, classes)) * random.uniform(0.9, 1)
    if kind == "anchors":
        return np.concatenate((centres, sides, scores), axis=1).T.astype(np.float32)
    best = scores.argmax(axis=1)[:, None]
    row = (centres - sides / 2, centres + sides / 2, scores.max(axis=1, keepdims=True), best)
    return np.concatenate(row, axis=1).astype(np.float32)


def decoded(kind: str, table: Array, thresholds: Array, classes: int, size: Size = SIZE) -> RawDetections:
    """By camwire's decoder, less what nvinfer can't use: boxes narrower or lower than a pixel."""
    raw = model(kind, classes).decode([table[None]], size, thresholds[None])
    sides = raw.boxes[:, 2:] - raw.boxes[:, :2]
    return raw.take(np.flatnonzero((sides >= 1).all(axis=1)))


@pytest.mark.parametrize("kind", ["anchors", "rows"])
@settings(max_examples=40)
@given(seed=seeds, several=st.booleans())
def test_reads_what_camwire_reads(native: Libraries, kind: str, seed: int, several: bool) -> None:
    classes = 80 if kind == "rows" or several else 3
    table = random_table(kind, classes, seed)
    thresholds = np.random.default_rng(seed).choice([0.25, 0.4, 0.65], classes).astype(np.float32)
    expected = decoded(kind, table, thresholds, classes)
    found = parse(native, table, thresholds, before=seed % 3)
    assert isinstance(found, Parsed)
    assert len(expected)
    assert found.classes.tolist() == expected.classes.tolist()
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-4)
    assert not found.angles.any()
    ours = suppress(expected.boxes, expected.scores, expected.classes, 0.45)
    nvinfers = suppress(found.boxes, found.scores, found.classes, 0.45)
    assert ours.tolist() == nvinfers.tolist()


def test_random_tables_have_boxes_to_suppress() -> None:
    """Else the test above would say nothing of it. Among few classes: of many, some tables have none."""
    for seed in range(5):
        some = decoded("anchors", random_table("anchors", 3, seed), np.full(3, 0.4, np.float32), 3)
        assert len(suppress(some.boxes, some.scores, some.classes, 0.45)) < len(some)


@pytest.mark.parametrize("kind", ["anchors", "rows"])
def test_reads_a_real_pictures_boxes(native: Libraries, street: Path, kind: str) -> None:
    """What NanoDet says of a street, put down as YOLO models put it: real boxes, real scores."""
    boxes = real_boxes(street)
    sides = boxes.boxes[:, 2:] - boxes.boxes[:, :2]
    scores = np.zeros((len(boxes), 80), np.float32)
    scores[np.arange(len(boxes)), boxes.classes] = boxes.scores
    if kind == "anchors":
        table = np.concatenate((boxes.boxes[:, :2] + sides / 2, sides, scores), axis=1).T
    else:
        table = np.column_stack((boxes.boxes, boxes.scores, boxes.classes.astype(np.float32)))
    thresholds = np.full(80, 0.3, np.float32)
    expected = decoded(kind, table, thresholds, 80, REAL_SIZE)
    found = parse(native, table, thresholds, size=REAL_SIZE)
    assert isinstance(found, Parsed)
    assert len(expected) > 5
    assert found.classes.tolist() == expected.classes.tolist()
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-3)
    kept = suppress(found.boxes, found.scores, found.classes, 0.5)
    assert kept.tolist() == suppress(expected.boxes, expected.scores, expected.classes, 0.5).tolist()
    assert 0 < len(kept) < len(expected)


@cache
def real_boxes(clip: Path) -> RawDetections:
    """Every cell's best class in a picture with cars, however unsure."""
    net = load_model("nanodet")
    picture = picture_of(clip, 160).reformat(*REAL_SIZE).to_ndarray(format="bgr24")
    numbers = ((picture - np.array(net.graph.mean)) / np.array(net.graph.std)).transpose(2, 0, 1)
    session = InferenceSession(str(net.graph.file))
    inputs = {session.get_inputs()[0].name: numbers[None].astype(np.float32)}
    outputs = session.run([tensor.name for tensor in net.graph.outputs], inputs)
    return net.decode(outputs, REAL_SIZE, np.zeros((1, 80), np.float32))


@settings(max_examples=10)
@given(seed=seeds)
def test_half_precision_is_read_like_single(native: Libraries, seed: int) -> None:
    table = random_table("anchors", 3, seed).astype(np.float16)
    thresholds = np.full(3, 0.4, np.float32)
    half = parse(native, table, thresholds, kind=FP16)
    single = parse(native, table.astype(np.float32), thresholds)
    assert isinstance(half, Parsed)
    assert isinstance(single, Parsed)
    np.testing.assert_array_equal(half.boxes, single.boxes)
    np.testing.assert_array_equal(half.scores, single.scores)


def test_leading_sides_of_one_count_for_nothing(native: Libraries) -> None:
    table, thresholds = random_table("anchors", 3, 0), np.full(3, 0.4, np.float32)
    found = parse(native, table, thresholds, sides=(1, *table.shape))
    plain = parse(native, table, thresholds)
    assert isinstance(found, Parsed)
    assert isinstance(plain, Parsed)
    np.testing.assert_array_equal(found.boxes, plain.boxes)


def test_six_rows_of_two_classes_are_anchors(native: Libraries) -> None:
    """[6, A] is YOLO11's with two classes, [A, 6] DeepStream-Yolo's."""
    table, thresholds = random_table("anchors", 2, 1), np.full(2, 0.4, np.float32)
    found = parse(native, table, thresholds)
    assert isinstance(found, Parsed)
    np.testing.assert_array_equal(found.scores, decoded("anchors", table, thresholds, 2).scores)


@settings(max_examples=30)
@given(seed=seeds, kind=st.sampled_from(["anchors", "rows"]), odd=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_numbers_that_are_not_finite(native: Libraries, seed: int, kind: str, odd: float) -> None:
    """Refused where camwire's decoder refuses them: a score, or a box that counts."""
    table, thresholds = random_table(kind, 80, seed), np.full(80, 0.4, np.float32)
    random = np.random.default_rng(seed)
    table[random.integers(table.shape[0]), random.integers(table.shape[1])] = odd
    try:
        expected = decoded(kind, table, thresholds, 80)
    except Exception:  # noqa: BLE001 - whatever way it says no
        assert parse(native, table, thresholds) == REFUSED
    else:
        found = parse(native, table, thresholds)
        assert isinstance(found, Parsed)
        assert found.classes.tolist() == expected.classes.tolist()


THRESHOLDS = np.full(80, 0.4, np.float32)


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("num-detected-classes is 80: [84, anchors] or [anchors, 6]", {"sides": (85, ANCHORS)}),
        ("[84]", {"sides": (84,)}),
        ("[2, 84, 126]", {"sides": (2, 84, ANCHORS)}),
        ("[]", {"sides": ()}),
        ("[84, 0]", {"sides": (84, 0)}),
        ("the shape [84, 1, 1, 1, 1, 1, 1, 1]", {"sides": (84, 1, 1, 1, 1, 1, 1, 1, 1, 1)}),
        ("data type 3", {"kind": INT32}),
        ("thresholds for 80 classes", {"classes": 81}),
        ("num-detected-classes is 0", {"classes": 0}),
        ("is one of 2", {"layers": 2}),
        ("is one of 0", {"layers": 0}),
    ],
)
def test_refuses_what_it_cannot_read(
    native: Libraries, capfd: pytest.CaptureFixture[str], message: str, arguments: dict[str, object]
) -> None:
    table = random_table("anchors", 80, 0)
    assert parse(native, table, THRESHOLDS, before=2, **arguments) == REFUSED  # type: ignore[arg-type]
    said = capfd.readouterr().err
    assert said.startswith("camwire parser: the output ")
    assert message in said


def test_refuses_a_tensor_that_is_not_on_the_host(
    native: Libraries, capfd: pytest.CaptureFixture[str]
) -> None:
    assert parse(native, None, THRESHOLDS) == REFUSED
    assert "disable-output-host-copy=0" in capfd.readouterr().err


@pytest.mark.parametrize("number", [-1, 80, 1e30])
def test_refuses_a_class_that_is_not_configured(
    native: Libraries, capfd: pytest.CaptureFixture[str], number: float
) -> None:
    table = random_table("rows", 80, 0)
    table[7, 4:] = 0.9, number
    assert parse(native, table, THRESHOLDS) == REFUSED
    assert "num-detected-classes is 80" in capfd.readouterr().err


def test_an_unsure_row_may_have_any_class(native: Libraries) -> None:
    table = random_table("rows", 80, 0)
    table[7, 4:] = 0.1, 99
    assert isinstance(parse(native, table, THRESHOLDS), Parsed)


def test_thresholds_are_as_exact_as_float32(native: Libraries) -> None:
    limit = np.float32(0.4)
    table = np.zeros((5, ANCHORS), np.float32)
    table[:, 0] = 40, 30, 10, 10, limit
    table[:, 1] = 60, 30, 10, 10, np.nextafter(limit, np.float32(0))
    found = parse(native, table, np.array([limit]))
    assert isinstance(found, Parsed)
    assert found.boxes.tolist() == [[35.0, 25.0, 45.0, 35.0]]


def test_ties_go_to_the_first_class(native: Libraries) -> None:
    table = np.zeros((4 + 3, ANCHORS), np.float32)
    table[:4], table[5:7, 3] = 20, 0.5
    found = parse(native, table, np.full(3, 0.4, np.float32))
    assert isinstance(found, Parsed)
    assert found.classes.tolist() == [1]


def test_boxes_outside_and_slivers_are_left_out(native: Libraries) -> None:
    rows = np.array(
        [
            [-20, -20, -5, 10, 0.9, 0],
            [10, 10, 10.5, 40, 0.9, 1],
            [90, 60, 200, 200, 0.9, 2],
            [30, 30, 20, 20, 0.9, 3],
        ],
        np.float32,
    )
    found = parse(native, rows, THRESHOLDS)
    assert isinstance(found, Parsed)
    assert found.boxes.tolist() == [[90.0, 60.0, 96.0, 64.0]]
    assert found.classes.tolist() == [2]
