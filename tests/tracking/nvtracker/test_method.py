"""Target management and association of DeepStream's family."""

from dataclasses import replace

import numpy as np
import pytest

from camwire.tracking.engine import Engine
from camwire.tracking.nvtracker.build import nvtracker
from camwire.tracking.nvtracker.files import parse
from camwire.tracking.nvtracker.parameters import Estimator, Matcher, NvTrackerParameters, key_of, sections
from tests.tracking.scenes import box, ids, run

REGULAR = "noiseWeightVar4Loc: 0.05, noiseWeightVar4Vel: 0.00625,"


def tracker(estimator=Estimator.NONE, matcher=Matcher.CASCADED, score=0.0, target=None, data=None):
    """A tracker with short ages and, unless told otherwise, no thresholds."""
    parameters = NvTrackerParameters()
    return Engine(
        nvtracker(
            replace(
                parameters,
                base_config=replace(parameters.base_config, min_detector_confidence=score),
                target_management=replace(
                    parameters.target_management,
                    **{
                        "probation_age": 2,
                        "early_termination_age": 1,
                        "max_shadow_tracking_age": 3,
                        **(target or {}),
                    },
                ),
                data_associator=replace(
                    parameters.data_associator, association_matcher_type=matcher, **(data or {})
                ),
                state_estimator=replace(parameters.state_estimator, state_estimator_type=estimator),
            )
        ),
        trace_length=3,
    )


def seen(one, found):
    return [ids(tracks) for tracks in run(one, found)]


@pytest.mark.parametrize(("noise", "width"), [(1e-3, 60), (1e6, 54)])
@pytest.mark.parametrize(
    ("weights", "counts"),
    [("", True), ("noiseWeightVar4Loc: -0.1, noiseWeightVar4Vel: -0.1,", True), (REGULAR, False)],
)
def test_the_regular_estimators_noise_goes_by_the_height_only_where_the_file_says_so(
    weights, counts, noise, width
):
    """How much a detection of another width is worth."""
    estimator = f"{{stateEstimatorType: 2, {weights} measurementNoiseVar4Detector: {noise}}}"
    text = f"TargetManagement: {{probationAge: 0}}\nStateEstimator: {estimator}\n"
    one = Engine(nvtracker(parse(text, "x.yml").parameters), trace_length=0)
    x1, _, x2, _ = run(one, [[box(100, width=40)], [box(100, width=60)]])[-1].boxes[0]
    assert (abs(float(x2 - x1) - width) < 0.5) is counts


def test_probation_then_report():
    assert seen(tracker(), [[box(100)]] * 4) == [[], [], [1], [1]]


def test_a_miss_on_probation_ends_a_target():
    assert seen(tracker(), [[box(100)], [], [box(100)], [box(100)], [box(100)]]) == [[], [], [], [], [1]]


def test_a_longer_early_termination_age_forgives():
    one = tracker(target={"early_termination_age": 2})
    assert seen(one, [[box(100)], [], [box(100)]]) == [[], [], [1]]


@pytest.mark.parametrize(("gap", "number"), [(3, 1), (4, 2)])
def test_a_target_waits_in_the_shadow_unreported(gap, number):
    results = seen(tracker(), [*[[box(100)]] * 3, *[[]] * gap, *[[box(100)]] * 3])
    assert results[2] == [1]
    assert results[3 : 3 + gap] == [[]] * gap
    assert results[-1] == [number]


def test_detections_below_the_least_confidence_are_ignored():
    one = tracker(score=0.3, data={"tentative_detector_confidence": 0.0})
    assert seen(one, [[box(100, score=0.2)]] * 4) == [[]] * 4


def test_tentative_detections_hold_targets_but_start_none():
    weak = box(100, score=0.4)
    assert seen(tracker(), [[weak]] * 4) == [[]] * 4
    assert seen(tracker(), [*[[box(100)]] * 3, [weak]]) == [[], [], [1], [1]]


def test_tentative_detections_do_not_bring_a_target_back_from_the_shadow():
    assert seen(tracker(), [*[[box(100)]] * 3, [], [box(100, score=0.4)]])[-1] == []


def test_no_new_target_on_top_of_another():
    one = tracker(target={"min_iou_diff_4_new_target": 0.5})
    double = [box(100), box(104)]
    assert seen(one, [[box(100)], double, double, double])[-1] == [1]
    another = tracker(target={"min_iou_diff_4_new_target": 0.95})
    assert seen(another, [[box(100)], double, double, double])[-1] == [1, 2]


def test_room_for_the_surest_only_in_each_camera():
    one = tracker(target={"max_targets_per_stream": 2})
    row = [box(100, score=0.7), box(300, score=0.9), box(500, score=0.8)]
    last = run(one, [row] * 3)[-1]
    assert last.detections.tolist() == [1, 2]
    assert ids(run(one, [row] * 3, camera="b")[-1]) == [1, 2]


def test_sizes_too_different_do_not_match():
    data = {"min_matching_score_4_size_similarity": 0.7}
    shrunken = box(100, width=30, height=80)
    assert seen(tracker(data=data), [*[[box(100)]] * 3, [shrunken]])[-1] == []
    assert seen(tracker(), [*[[box(100)]] * 3, [shrunken]])[-1] == [1]


def test_the_overall_score_is_the_weighted_sum():
    # IoU 0.6 and size 1: 0.5 × 0.6 + 0.2 × 1 = 0.5.
    moved = box(110)
    weights = {"matching_score_weight_4_iou": 0.5, "matching_score_weight_4_size_similarity": 0.2}
    strict, lenient = ({**weights, "min_matching_score_4_overall": least} for least in (0.51, 0.49))
    assert seen(tracker(data=strict), [*[[box(100)]] * 3, [moved]])[-1] == []
    assert seen(tracker(data=lenient), [*[[box(100)]] * 3, [moved]])[-1] == [1]


@pytest.mark.parametrize(("matcher", "matched"), [(Matcher.GREEDY, 1), (Matcher.CASCADED, 2)])
def test_greedy_takes_the_best_pair_first(matcher, matched):
    # Target A overlaps the left detection well and the right one a little less; B overlaps the left one only.
    targets = [box(100, width=60), box(52, width=60)]
    detections = [box(90, width=60), box(115, width=60)]
    last = run(tracker(matcher=matcher), [*[targets] * 3, detections])[-1]
    assert len(last) == matched


def test_without_checking_classes_a_target_may_change_its_detections_class():
    one = tracker(data={"check_class_match": False})
    assert seen(one, [*[[box(100)]] * 3, [box(100, label=1)]])[-1] == [1]


@pytest.mark.parametrize("estimator", [Estimator.SIMPLE, Estimator.REGULAR])
def test_estimators_find_a_moving_target_where_it_was_going(estimator):
    way = [[box(100 + 6 * step)] for step in range(12)]
    again = [box(100 + 6 * 15)]
    one = tracker(estimator, data={"min_matching_score_4_iou": 0.4})
    assert seen(one, [*way, [], [], [], again])[-1] == [1]
    still = tracker(Estimator.NONE, data={"min_matching_score_4_iou": 0.4})
    assert seen(still, [*way, [], [], [], again])[-1] == []


def test_without_an_estimator_the_box_is_the_detection():
    last = run(tracker(), [[box(100 + 6 * step)] for step in range(5)])[-1]
    np.testing.assert_allclose(last.boxes[0], box(124)[:4])


def test_keys_are_deepstreams():
    assert key_of("noise_weight_var_4_loc") == "noiseWeightVar4Loc"
    assert key_of("feature_focus_offset_factor_y") == "featureFocusOffsetFactor_y"
    assert key_of("min_iou_diff_4_new_target") == "minIouDiff4NewTarget"
    assert list(sections()) == [
        "BaseConfig",
        "TargetManagement",
        "DataAssociator",
        "StateEstimator",
        "VisualTracker",
    ]
