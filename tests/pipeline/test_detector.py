"""From a batch to boxes in picture pixels: a model made by hand, and the bundled model on footage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.detection import frames_of, ground_truth, matched
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from camwire.devices.contracts import InputSpec, ModelInput
from camwire.devices.cpu import CpuDevice
from camwire.frames import Batch, Detections, Float32Array, Size, UInt8Array
from camwire.link.desired import DesiredClass, DesiredDetection, DesiredModel
from camwire.models import Graph, ModelError, RawDetections
from camwire.models.contract import Task
from camwire.models.masks import RawMasks
from camwire.pipeline import detector as detector_module
from camwire.pipeline.detector import Detector, in_pictures, thinned
from camwire.pipeline.selection import Limits
from tests.support.frames import batch, frame

INPUT = InputSpec(Size(100, 100), "RGB", 0, centred=True)
GRAPH = Graph(Path("told.onnx"), INPUT, None, (0, 0, 0), (1, 1, 1), ())


@dataclass(frozen=True)
class Told:
    """A model whose outputs are its detections already, rows of frame, x1, y1, x2, y2, score, class."""

    classes: tuple[str, ...] = ("person", "car", "sports ball")
    name: str = "Told"
    graph: Graph = GRAPH
    task: Task = "detect"
    reading: str = "as told"
    overlapping: bool = True

    def decode(self, outputs: Sequence[NDArray[Any]], size: Size, thresholds: Float32Array) -> RawDetections:
        rows = outputs[0]
        return raw(rows[rows[:, 5] >= thresholds[rows[:, 0].astype(int), rows[:, 6].astype(int)]])


@dataclass(frozen=True)
class Saying:
    """A runtime that always gives the same rows, and a preprocessing to go with it."""

    rows: Sequence[Sequence[float]]
    sizes: tuple[Size, ...] = (Size(100, 100),)
    step: int | None = None

    def prepare(self, size: Size) -> None:
        """Ready at once."""

    def infer(self, pixels: UInt8Array) -> list[NDArray[Any]]:
        return [np.array(self.rows, np.float64).reshape(-1, 7)]

    def describe(self) -> str:
        return "by hand"

    def preprocess(self, batch: Batch, spec: InputSpec) -> ModelInput:
        """640×360 into 100×100, centred: 100 × 56.25 with the top at 22."""
        count = len(batch)
        scale = np.full((count, 2), 100 / 640, np.float32)
        return ModelInput(
            np.empty((count, 100, 100, 3), np.uint8), scale, np.tile(np.float32([0, 22]), (count, 1))
        )


def raw(rows: NDArray[np.float64]) -> RawDetections:
    return RawDetections(
        rows[:, 1:5].astype(np.float32),
        rows[:, 5].astype(np.float32),
        rows[:, 6].astype(np.int32),
        rows[:, 0].astype(np.int32),
    )


def detect(rows: Sequence[Sequence[float]], frames: int = 1, **changes: Any) -> Detections:
    saying = Saying(rows)
    detector = Detector(saying.preprocess, saying, Told(), settings(**changes))
    return detector(batch(*(frame(f"c{i}") for i in range(frames))))


def settings(**changes: Any) -> DesiredModel:
    usual: dict[str, Any] = {"score_threshold": 0.4, "iou_threshold": 0.5, "classes": None}
    return DesiredModel(file="nanodet", runtime="auto", **{**usual, **changes})


def test_boxes_come_out_in_picture_pixels() -> None:
    found = detect([[0, 10, 32, 20, 42, 0.9, 1]])
    np.testing.assert_allclose(found.boxes, [[64, 64, 128, 128]], rtol=1e-6)
    assert (found.classes.tolist(), found.frame_index.tolist()) == ([1], [0])


def test_boxes_are_clipped_to_the_picture_and_those_in_the_bars_left_out() -> None:
    found = detect([[0, 50, 10, 100, 90, 0.9, 0], [0, 10, 2, 20, 21, 0.8, 0], [0, 5, 30, 5, 40, 0.7, 0]])
    np.testing.assert_allclose(found.boxes, [[320, 0, 640, 360]], rtol=1e-6)


def test_rows_are_grouped_by_frame_and_sorted_by_score() -> None:
    rows = [
        [0, 0, 30, 10, 40, 0.5, 0], [0, 40, 30, 50, 40, 0.7, 1], [0, 60, 30, 70, 40, 0.6, 0],
        [2, 0, 30, 10, 40, 0.8, 2], [2, 40, 30, 50, 40, 0.9, 0],
    ]  # fmt: skip
    found = detect(rows, frames=3)
    assert found.frame_index.tolist() == [0, 0, 0, 2, 2]
    np.testing.assert_allclose(found.scores, [0.7, 0.6, 0.5, 0.9, 0.8], rtol=1e-6)
    assert found.classes.tolist() == [1, 0, 0, 0, 2]


def test_only_the_same_class_in_the_same_frame_is_thinned_out() -> None:
    box = [10, 30, 30, 50]
    rows = [[0, *box, 0.9, 0], [0, *box, 0.8, 0], [0, *box, 0.7, 1], [1, *box, 0.6, 0]]
    found = detect(rows, frames=2)
    assert [(int(f), int(c)) for f, c in zip(found.frame_index, found.classes, strict=True)] == [
        (0, 0),
        (0, 1),
        (1, 0),
    ]


def test_classes_and_score_choose() -> None:
    rows = [[0, 0, 30, 10, 40, 0.9, 0], [0, 40, 30, 50, 40, 0.8, 2], [0, 60, 30, 70, 40, 0.3, 2]]
    assert detect(rows, classes=("sports ball",)).classes.tolist() == [2]
    assert detect(rows, classes=("sports ball",), score_threshold=0.2).classes.tolist() == [2, 2]
    assert len(detect(rows, classes=())) == 0


def test_an_unknown_class_is_refused_with_what_may_be_meant() -> None:
    with pytest.raises(ModelError, match="no class 'persn'; did you mean 'person'"):
        detect([], classes=("persn",))
    with pytest.raises(ModelError, match="it knows: person, car, sports ball"):
        detect([], classes=("zzz",))


def test_nothing_found_is_an_empty_result() -> None:
    found = detect([])
    assert (found.boxes.shape, found.boxes.dtype, found.frame_index.dtype) == ((0, 4), np.float32, np.int32)


@given(st.integers(0, 60), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_the_result_keeps_its_promises(count: int, frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-10, 100, (count, 2))
    table = np.column_stack(
        (np.sort(rng.integers(0, frames, count)), corners, corners + rng.uniform(0, 40, (count, 2)),
         rng.random(count), rng.integers(0, 3, count))
    )  # fmt: skip
    found = detect(table.tolist(), frames=frames, score_threshold=0.2)
    assert (np.diff(found.frame_index) >= 0).all()
    for index in range(frames):
        assert (np.diff(found.scores[found.rows_of(index)]) <= 0).all()
    assert (found.boxes >= 0).all()
    assert (found.boxes <= np.float32([640, 360, 640, 360])).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
    assert (found.scores >= 0.2).all()


def test_only_the_best_candidates_of_each_frame_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector_module, "MOST_CANDIDATES", 2)
    rows = [
        [f, 20 * i, 0, 20 * i + 10, 10, score, 0] for f in (0, 1) for i, score in enumerate((0.5, 0.9, 0.7))
    ]
    kept = thinned(raw(np.array(rows)), Limits.uniform(2, 3, 0.0, 0.5))
    assert kept.frame_index.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(kept.scores, [0.9, 0.7, 0.9, 0.7], rtol=1e-6)


def test_each_frame_is_mapped_by_its_own_geometry() -> None:
    sizes = Size(200, 100), Size(50, 80)
    pictures = batch(*(frame(str(size), size=size) for size in sizes))
    fed = ModelInput(
        np.empty((2, 100, 100, 3), np.uint8), np.float32([[0.5, 0.5], [2, 1]]), np.float32([[0, 25], [0, 10]])
    )
    found = in_pictures(
        raw(np.array([[0, 10, 35, 20, 45, 0.9, 0], [1, 10, 35, 20, 45, 0.9, 0]])), fed, pictures
    )
    np.testing.assert_allclose(found.boxes, [[20, 20, 40, 40], [5, 25, 10, 35]])


@pytest.mark.integration
def test_the_bundled_model_is_loaded_by_configuration() -> None:
    detector = Detector.load(settings(), CpuDevice())
    assert detector.describe() in ("NanoDet-g 416×256, OpenVINO FP32", "NanoDet-g 416×256, OpenVINO BF16")
    assert detector.class_names[0] == "person"


@pytest.mark.integration
def test_the_bundled_model_finds_everyone_on_real_footage(shared: Path) -> None:
    """Everyone of the ground truth in five frames far apart, and at most two boxes a frame too many."""
    detector = Detector.load(settings(classes=("person",)), CpuDevice())
    truth = ground_truth(shared / "mot" / "PETS09-S2L1_gt.txt")
    counts = {}
    clip = shared / "footage" / "pets09-s2l1.mp4"
    for number, picture in frames_of(clip, every=1000, always=(1, 200, 400, 600, 795)):
        found = detector(Batch(number, (picture,), picture.decoded))
        right = matched(found.boxes.astype(np.float64), truth[number], least_iou=0.45)
        counts[number] = int(right.sum())
        assert len(found) <= len(truth[number]) + 2
    assert counts == {1: 3, 200: 7, 400: 3, 600: 6, 795: 7}


# --- details, intervals, other settings ---------------------------------------------------------


def fed_half(frames: int = 1) -> ModelInput:
    """Pictures of 640×360 in an input of 320×200: half as large, 10 pixels down."""
    pixels = np.empty((frames, 200, 320, 3), np.uint8)
    return ModelInput(
        pixels, np.full((frames, 2), 0.5, np.float32), np.tile(np.float32([0, 10]), (frames, 1))
    )


def test_keypoints_and_corners_come_out_in_picture_pixels() -> None:
    found = raw(np.array([[0, 300, 20, 330, 60, 0.9, 0]]))
    points = np.array([[[310, 30, 0.7], [0, 10, 0.2]]], np.float32)
    oriented = np.array([[310, 40, 40, 20, np.pi / 2]], np.float32)
    mapped = in_pictures(replace(found, keypoints=points, oriented=oriented), fed_half(), batch(frame()))
    assert mapped.keypoints is not None
    assert mapped.corners is not None
    np.testing.assert_allclose(mapped.keypoints, [[[620, 40, 0.7], [0, 0, 0.2]]], atol=1e-4)
    np.testing.assert_allclose(mapped.corners, [[[640, 20], [640, 100], [600, 100], [600, 20]]], atol=1e-3)
    np.testing.assert_allclose(mapped.boxes, [[600, 20, 640, 100]])
    assert mapped.masks is None


def test_a_mask_lies_over_the_clipped_box() -> None:
    """The object is the left half of the input; the box sticks out at the left of the picture."""
    prototypes = np.where(np.arange(80) < 40, 9.0, -9.0) * np.ones((1, 1, 50, 1))
    masks = RawMasks(np.ones((2, 1), np.float32), prototypes.astype(np.float32))
    rows = np.array([[0, -40, 20, 200, 60, 0.9, 0], [0, 200, 20, 300, 60, 0.8, 0]])
    mapped = in_pictures(replace(raw(rows), masks=masks), fed_half(), batch(frame()))
    assert mapped.masks is not None
    np.testing.assert_allclose(mapped.boxes[0], [0, 20, 400, 100])
    inside = mapped.masks >= 128
    assert abs(int(inside[0].sum(axis=1).max()) - 0.8 * 64) <= 1
    assert not inside[1].any()


def test_details_stay_with_their_rows_through_suppression() -> None:
    rows = np.array([[0, 0, 0, 10, 10, 0.5, 0], [0, 1, 0, 11, 10, 0.9, 0], [0, 50, 0, 60, 10, 0.7, 0]])
    points = np.arange(3, dtype=np.float32)[:, None, None] * np.ones((1, 2, 3), np.float32)
    kept = thinned(replace(raw(rows), keypoints=points), Limits.uniform(1, 3, 0.0, 0.5))
    assert kept.keypoints is not None
    assert kept.keypoints[:, 0, 0].tolist() == [1, 2]


def test_the_detector_looks_at_every_kth_frame_and_says_which() -> None:
    saying = Saying([[0, 0, 30, 10, 40, 0.9, 0]])
    cameras = {"a": DesiredDetection(detect_interval=2)}
    detector = Detector(saying.preprocess, saying, Told(), settings(cameras=cameras))
    both = detector(batch(frame("a", 0), frame("b", 0)))
    assert both.detected is None
    second = detector(batch(frame("a", 1), frame("b", 1)))
    assert second.detected is not None
    assert second.detected.tolist() == [False, True]
    assert second.frame_index.tolist() == [1]
    nothing = detector(batch(frame("a", 1)))
    assert nothing.detected is not None
    assert (nothing.detected.tolist(), len(nothing)) == ([False], 0)


def test_a_camera_may_want_something_else() -> None:
    rows = [[f, 0, 30, 10, 40, 0.5, 0] for f in (0, 1)]
    cameras = {"c1": DesiredDetection(score_threshold=0.6)}
    assert detect(rows, frames=2, cameras=cameras).frame_index.tolist() == [0]
    own = (DesiredClass(name="person", score_threshold=0.6),)
    assert len(detect(rows, frames=2, per_class=own)) == 0


@pytest.mark.integration
def test_other_thresholds_load_nothing_and_another_model_does() -> None:
    device = CpuDevice()
    detector = Detector.load(settings(), device)
    assert detector.changed(settings(score_threshold=0.9), device)._runtime is detector._runtime
    rewritten = detector.changed(settings(stamps=((1, 2, 3),)), device)
    assert rewritten._runtime is not detector._runtime
    smaller = detector.changed(settings(input_size=(320, 320)), device)
    assert smaller.describe().startswith("NanoDet-g 320×192, OpenVINO")
    with pytest.raises(ModelError, match="no class 'x'"):
        detector.changed(settings(classes=("x",)), device)
