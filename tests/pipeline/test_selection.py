"""Thresholds for all, for single classes and for cameras."""

from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.frames import Detections
from camwire.link.desired import DesiredClass, DesiredDetection, DesiredModel, DesiredTracker
from camwire.models import ModelError, RawDetections
from camwire.pipeline.detector import thinned
from camwire.pipeline.selection import NO_BOUND, Limits, Selection, lowest_score
from camwire.tracking import create, weakest_score
from tests.support.frames import batch, frame

NAMES = ("person", "car", "sports ball")
INF = float("inf")


def settings(**changes: Any) -> DesiredModel:
    usual: dict[str, Any] = {"score_threshold": 0.4, "iou_threshold": 0.5, "classes": None}
    return DesiredModel(file="f", runtime="auto", **{**usual, **changes})


def scores(model: DesiredModel, *cameras: str, carried_from: float | None = None) -> list[list[float]]:
    limits = Selection(NAMES, model, carried_from).limits(cameras or ("a",))
    return [[round(float(value), 6) for value in row] for row in limits.score]


def test_all_classes_alike_unless_said_otherwise() -> None:
    limits = Selection(NAMES, settings(final_threshold=0.45, top_k=7)).limits(("a", "b"))
    assert limits.score.shape == (2, 3)
    assert (limits.iou == np.float32(0.5)).all()
    assert (limits.final == np.float32(0.45)).all()
    assert (limits.most == 7).all()
    assert (Selection(NAMES, settings()).limits(("a",)).most == NO_BOUND).all()


def test_a_class_by_name_or_number_has_thresholds_of_its_own() -> None:
    own = (DesiredClass(name="1", score_threshold=0.7, iou_threshold=0.2, final_threshold=0.8, top_k=3),)
    limits = Selection(NAMES, settings(per_class=own)).limits(("a",))
    for array, usual, expected in (
        (limits.score, 0.4, 0.7),
        (limits.iou, 0.5, 0.2),
        (limits.final, 0, 0.8),
        (limits.most, NO_BOUND, 3),
    ):
        np.testing.assert_allclose(array, [[usual, expected, usual]])


def test_a_camera_goes_before_the_model_and_a_class_before_both() -> None:
    cameras = {
        "gate": DesiredDetection(score_threshold=0.6, classes=("person", "2")),
        "yard": DesiredDetection(per_class=(DesiredClass(name="car", score_threshold=0.1),)),
    }
    own = (DesiredClass(name="person", score_threshold=0.9),)
    model = settings(per_class=own, cameras=cameras)
    assert scores(model, "gate", "yard", "other") == [[0.9, INF, 0.6], [0.9, 0.1, 0.4], [0.9, 0.4, 0.4]]


def test_no_class_wanted_means_none() -> None:
    assert scores(settings(classes=())) == [[INF, INF, INF]]


def test_weaker_detections_are_let_through_from_the_same_share_of_each_threshold() -> None:
    own = (DesiredClass(name="car", score_threshold=0.7),)
    model = settings(per_class=own, classes=("person", "car"))
    assert lowest_score(model) == 0.4
    assert scores(model, carried_from=0.2) == [[0.2, 0.35, INF]]
    assert scores(model, carried_from=0.4) == scores(model) == [[0.4, 0.7, INF]]


def found(*rows: tuple[int, int, float]) -> Detections:
    """Frame, class and score of boxes that lie side by side."""
    left = np.arange(len(rows), dtype=np.float32) * 100
    return Detections(
        np.stack((left, left, left + 50, left + 50), axis=1),
        np.array([score for _, _, score in rows], np.float32),
        np.array([kind for _, kind, _ in rows], np.int32),
        np.array([index for index, _, _ in rows], np.int32),
    )


def test_every_threshold_weighs_as_much_as_the_lowest_one() -> None:
    own = (DesiredClass(name="car", score_threshold=0.7),)
    cameras = {"gate": DesiredDetection(score_threshold=0.5)}
    selection = Selection(NAMES, settings(per_class=own, cameras=cameras), carried_from=0.2)
    seen = found((0, 0, 0.4), (0, 1, 0.35), (0, 1, 0.7), (0, 1, 1.0), (1, 0, 0.5), (1, 1, 0.7))
    weighed = selection.weighed(seen, selection.limits(("a", "gate")))
    assert weighed.weights is not None
    np.testing.assert_allclose(weighed.weights, [0.4, 0.2, 0.4, 1.0, 0.4, 0.4], rtol=1e-6)
    np.testing.assert_array_equal(weighed.scores, seen.scores)


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_weights_keep_the_order_and_the_sides_of_the_threshold(
    usual: float, own: float, values: list[float]
) -> None:
    kinds = (DesiredClass(name="car", score_threshold=own),)
    selection = Selection(NAMES, settings(score_threshold=usual, per_class=kinds), carried_from=0.01)
    seen = found(*((0, 1, value) for value in sorted(values)))
    weights = selection.weighed(seen, selection.limits(("a",))).weights
    if weights is None:
        assert np.float32(usual) == np.float32(own)
        return
    assert (np.diff(weights) >= 0).all()
    assert weights.min() >= 0
    assert weights.max() <= 1 + 1e-6
    lowest = np.float32(min(usual, own))
    clear = np.abs(seen.scores - np.float32(own)) > 1e-4
    np.testing.assert_array_equal((weights >= lowest)[clear], (seen.scores >= np.float32(own))[clear])


def test_where_all_thresholds_are_alike_nothing_is_weighed() -> None:
    seen = found((0, 0, 0.5))
    for selection in (
        Selection(NAMES, settings(classes=("person",)), carried_from=0.2),
        Selection(NAMES, settings(per_class=(DesiredClass(name="car", score_threshold=0.7),))),
    ):
        assert selection.weighed(seen, selection.limits(("a",))) is seen


@pytest.mark.parametrize("kind", ["bytetrack", "ocsort", "sort", "dcf"])
@pytest.mark.parametrize(
    ("camera", "kind_of_object", "begins"), [("a", 0, 0.3), ("a", 1, 0.7), ("gate", 0, 0.6), ("gate", 1, 0.7)]
)
def test_an_object_begins_at_its_own_threshold_in_every_tracker(
    kind: str, camera: str, kind_of_object: int, begins: float
) -> None:
    """And goes on with half of it, in trackers that carry on with weak detections."""
    own = (DesiredClass(name="car", score_threshold=0.7),)
    cameras = {"gate": DesiredDetection(score_threshold=0.6)}
    model = settings(score_threshold=0.3, per_class=own, cameras=cameras)
    choice = DesiredTracker(type=kind, trace_length=0)
    selection = Selection(NAMES, model, weakest_score(choice, lowest_score(model)))
    limits = selection.limits((camera,))
    picture = av.VideoFrame.from_ndarray(np.full((72, 128), 90, np.uint8), "gray")

    def tracked(*values: float) -> list[int]:
        tracker = create(choice, score_threshold=lowest_score(model))
        counts = []
        for step, value in enumerate(values):
            seen = found(*([(0, kind_of_object, value)] if value >= limits.score[0, kind_of_object] else []))
            shown = frame(camera, step, time=step / 25, picture=picture)
            tracks = tracker.step(batch(shown), selection.weighed(seen, limits))
            counts.append(len(tracks))
            assert not len(seen) or not len(tracks) or tracks.scores[0] == np.float32(value)
        return counts

    assert not any(tracked(*[begins - 0.02] * 8))
    assert tracked(*[begins + 0.02] * 8)[-1] == 1
    if kind == "bytetrack":
        assert tracked(*[begins + 0.02] * 4, *[begins * 0.55] * 4) == [1] * 8


def test_the_lowest_score_is_that_of_any_camera_and_class() -> None:
    cameras = {"a": DesiredDetection(per_class=(DesiredClass(name="car", score_threshold=0.15),))}
    assert lowest_score(settings(cameras=cameras)) == 0.15


def test_unknown_classes_are_refused_with_what_may_be_meant() -> None:
    with pytest.raises(ModelError, match="model: the model has no class 'persn'; did you mean 'person'"):
        Selection(NAMES, settings(classes=("persn",)))
    with pytest.raises(ModelError, match="camera 'gate': the model has no class '3'; it knows: person, car"):
        Selection(NAMES, settings(cameras={"gate": DesiredDetection(classes=("3",))}))


# --- DeepStream's order: score, suppression, final threshold, top-k ------------------------------


def raw(*rows: tuple[float, float, int]) -> RawDetections:
    """x, score, class of boxes 10 wide."""
    boxes = [[x, 0, x + 10, 10] for x, _, _ in rows]
    return RawDetections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in rows], np.float32),
        np.array([kind for _, _, kind in rows], np.int32),
        np.zeros(len(rows), np.int32),
    )


def limits(iou: float = 0.5, final: float = 0.0, most: int = NO_BOUND) -> Limits:
    uniform = Limits.uniform(1, 2, 0.0, iou)
    return Limits(
        uniform.score, uniform.iou, np.full((1, 2), final, np.float32), np.full((1, 2), most, np.int32)
    )


def test_the_final_threshold_is_strict_and_comes_after_suppression() -> None:
    # The strong box takes the weak one away before it is itself left out... nothing comes back.
    rows = raw((0, 0.5, 0), (1, 0.45, 0), (50, 0.75, 0))
    assert thinned(rows, limits(final=0.5)).scores.tolist() == [0.75]
    assert thinned(rows, limits(final=0.49)).scores.tolist() == [0.75, 0.5]


def test_top_k_is_a_class_and_comes_last() -> None:
    rows = raw((0, 0.5, 0), (1, 0.9, 0), (50, 0.75, 0), (100, 0.6, 0), (0, 0.3, 1), (50, 0.2, 1))
    kept = thinned(rows, limits(most=2))
    np.testing.assert_allclose(kept.scores, [0.9, 0.75, 0.3, 0.2])
    assert kept.classes.tolist() == [0, 0, 1, 1]


def test_boxes_that_do_not_overlap_by_nature_are_not_compared() -> None:
    rows = raw((0, 0.5, 0), (0, 0.9, 0), (0, 0.7, 0))
    np.testing.assert_allclose(thinned(rows, limits(), overlapping=False).scores, [0.9, 0.7, 0.5])
    np.testing.assert_allclose(thinned(rows, limits(most=1), overlapping=False).scores, [0.9])


def test_thresholds_of_overlap_are_a_class() -> None:
    rows = raw((0, 0.9, 0), (4, 0.8, 0), (0, 0.9, 1), (4, 0.8, 1))
    own = limits()
    own.iou[0] = 0.3, 0.5
    assert thinned(rows, own).classes.tolist() == [0, 1, 1]
