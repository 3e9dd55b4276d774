"""Keypoints, masks and corners follow the detections that tracks were matched with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from camwire.devices.contracts import Overlay
from camwire.devices.cpu import CpuDevice
from camwire.frames import Batch, Detections, Int64Array, Size, Tracks
from camwire.link.desired import DesiredDetection, DesiredModel, DesiredTracker
from camwire.pipeline.details import DetailedTracker
from camwire.pipeline.detector import Detector
from camwire.tracking import create
from tests.devices.pictures import batch_of, flat
from tests.models.files import save_model
from tests.models.layouts import LAYOUTS, random_outputs
from tests.support.frames import batch, detections, frame

BOX = (10.0, 20.0, 30.0, 60.0)


class Scripted:
    """A tracker that reports what it was told to: rows of frame, id, matched detection, box."""

    def __init__(self, *steps: list[tuple[int, int, int, tuple[float, float, float, float]]]) -> None:
        self.steps = list(steps)
        self.forgotten: list[str] = []

    def step(self, batch: Batch, detections: Detections) -> Tracks:
        rows = self.steps.pop(0)
        ids: Int64Array = np.array([row[1] for row in rows], np.int64)
        return replace(
            Tracks.empty(),
            boxes=np.array([row[3] for row in rows], np.float32).reshape(-1, 4),
            ids=ids,
            frame_index=np.array([row[0] for row in rows], np.int32),
            detections=np.array([row[2] for row in rows], np.int32),
        )

    def forget(self, camera: str) -> None:
        self.forgotten.append(camera)


def seen(*scores: float) -> Detections:
    """A detection for each score, which stands in its keypoints, mask and corners too."""
    found = detections([[*BOX, score, 0] for score in scores])
    value = np.array(scores, np.float32)
    points = np.full((len(scores), 2, 3), 0.9, np.float32)
    points[:, :, :2] = [[15, 30], [20, 40]]
    points[:, 0, 2] = value
    return replace(
        found,
        keypoints=points,
        masks=np.tile((value * 100).astype(np.uint8)[:, None, None], (1, 4, 4)),
        corners=np.tile(np.float32([[10, 20], [30, 20], [30, 60], [10, 60]]), (len(scores), 1, 1)),
    )


def unseen() -> Detections:
    return replace(Detections.empty(), detected=np.array([False]))


def test_each_track_has_the_details_of_its_own_detection() -> None:
    tracker = DetailedTracker(Scripted([(0, 7, 1, BOX), (0, 8, 0, BOX), (0, 9, -1, BOX)]))
    tracks = tracker.step(batch(frame()), seen(0.1, 0.2))
    assert tracks.keypoints is not None
    assert tracks.masks is not None
    assert tracks.corners is not None
    np.testing.assert_allclose(tracks.keypoints[:2, 0, 2], [0.2, 0.1])
    assert np.isnan(tracks.keypoints[2]).all()
    assert tracks.masks[:, 0, 0].tolist() == [20, 10, 0]
    assert np.isnan(tracks.corners[2]).all()


def test_frames_that_the_detector_did_not_see_carry_details_on_with_the_box() -> None:
    twice_as_large = (110.0, 20.0, 150.0, 100.0)
    steps = [(0, 7, 0, BOX)], [(0, 7, -1, twice_as_large)], [(0, 7, -1, BOX)]
    tracker = DetailedTracker(Scripted(*steps))
    tracker.step(batch(frame()), seen(0.5))
    moved = tracker.step(batch(frame(sequence=1)), unseen())
    assert moved.keypoints is not None
    assert moved.masks is not None
    assert moved.corners is not None
    np.testing.assert_allclose(moved.keypoints[0, :, :2], [[120, 40], [130, 60]])
    np.testing.assert_allclose(moved.corners[0, [0, 2]], [[110, 20], [150, 100]])
    assert moved.masks[0, 0, 0] == 50
    back = tracker.step(batch(frame(sequence=2)), unseen())
    assert back.keypoints is not None
    np.testing.assert_allclose(back.keypoints[0, :, :2], [[15, 30], [20, 40]], atol=1e-4)


def test_cameras_and_ids_do_not_share_details() -> None:
    steps = [(0, 7, 0, BOX), (1, 7, 1, BOX)], [(0, 7, -1, BOX), (0, 8, -1, BOX)], [(0, 7, -1, BOX)]
    tracker = DetailedTracker(Scripted(*steps))
    first = seen(0.5, 0.6)
    tracker.step(batch(frame("a"), frame("b")), replace(first, frame_index=np.array([0, 1], np.int32)))
    again = tracker.step(batch(frame("b", 1)), unseen())
    assert again.keypoints is not None
    np.testing.assert_allclose(again.keypoints[0, 0, 2], 0.6)
    assert np.isnan(again.keypoints[1]).all()
    tracker.forget("b")
    anew = tracker.step(batch(frame("b", 2)), unseen())
    assert anew.keypoints is not None
    assert np.isnan(anew.keypoints).all()


def test_models_without_details_cost_nothing_and_another_model_begins_anew() -> None:
    steps = [(0, 7, 0, BOX)], [(0, 7, 0, BOX)], [(0, 7, -1, BOX)]
    scripted = Scripted(*steps)
    tracker = DetailedTracker(scripted)
    tracker.step(batch(frame()), seen(0.5))
    plain = tracker.step(batch(frame(sequence=1)), detections([[*BOX, 0.9, 0]]))
    assert (plain.keypoints, plain.masks, plain.corners) == (None, None, None)
    assert tracker.step(batch(frame(sequence=2)), unseen()).keypoints is None
    tracker.forget("a")
    assert scripted.forgotten == ["a"]


def test_nothing_tracked_is_no_error() -> None:
    tracks = DetailedTracker(Scripted([])).step(batch(frame()), seen())
    assert tracks.keypoints is not None
    assert tracks.keypoints.shape == (0, 2, 3)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["pose", "segment", "oriented"])
def test_details_go_from_a_models_file_into_the_picture(name: str, tmp_path: Path) -> None:
    """One object that stands still, looked at in every third frame only: found, followed, drawn each time."""
    layout = next(layout for layout in LAYOUTS if layout.name == name)
    (table, *rest) = random_outputs(layout, 1, 0)
    table[:] = 0
    table[0, :5, 3] = 48, 32, 40, 30, 0.9
    table[0, 4 + layout.classes :, 3] = 0.6
    if layout.task == "pose":
        table[0, 5::3, 3], table[0, 6::3, 3] = 40, 30
    model = DesiredModel(
        file=str(save_model(tmp_path / "some.onnx", layout, [table, *rest])),
        runtime="auto",
        task=layout.task,
        score_threshold=0.4,
        iou_threshold=0.5,
        classes=None,
        cameras={"camera": DesiredDetection(detect_interval=3)},
    )
    device = CpuDevice()
    detector = Detector.load(model, device)
    tracker = DetailedTracker(create(DesiredTracker(type="bytetrack", trace_length=0), score_threshold=0.4))
    field = {"pose": "keypoints", "segment": "masks", "oriented": "corners"}[name]
    overlay = Overlay(frozenset({"keypoints", "masks", "boxes"}), detector.class_names)
    for number in range(7):
        (seen,) = batch_of(flat(Size(192, 128))).frames
        pictures = Batch(number, (replace(seen, camera="camera", sequence=number, time=number / 25),), 0.0)
        found = detector(pictures)
        assert (len(found) == 1) == (number % 3 == 0)
        tracks = tracker.step(pictures, found)
        assert tracks.ids.tolist() == [1]
        values = getattr(tracks, field)
        assert np.isfinite(values).all()
        if name == "pose":
            np.testing.assert_allclose(values[0, 0, :2], [80, 60], atol=1)
        np.testing.assert_allclose(np.mean(tracks.boxes.reshape(2, 2), axis=0), [96, 64], atol=1)
        (plain,) = device.render(pictures, [0], tracks, Overlay(frozenset(), detector.class_names))
        (drawn,) = device.render(pictures, [0], tracks, overlay)
        assert (plain != drawn).any()
