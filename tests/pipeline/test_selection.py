"""Thresholds for all, for single classes and for cameras."""

from typing import Any

import numpy as np
import pytest

from camwire.link.desired import DesiredClass, DesiredDetection, DesiredModel
from camwire.models import ModelError, RawDetections
from camwire.pipeline.detector import thinned
from camwire.pipeline.selection import NO_BOUND, Limits, Selection, lowest_score

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


def test_weaker_detections_are_let_through_where_the_lowest_threshold_holds() -> None:
    own = (DesiredClass(name="car", score_threshold=0.7),)
    model = settings(per_class=own, classes=("person", "car"))
    assert lowest_score(model) == 0.4
    assert scores(model, carried_from=0.2) == [[0.2, 0.7, INF]]


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
