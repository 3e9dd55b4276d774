"""The parameters that DeepStream 9.1 ships for its trackers, and those that camwire chose for its own.

Keys of re-identification, trajectories, channel weights and backends have no meaning here and are left out.
"""

from __future__ import annotations

from dataclasses import replace

from camwire.tracking.nvtracker.parameters import (
    BaseConfig,
    DataAssociator,
    Estimator,
    Matcher,
    NvTrackerParameters,
    StateEstimator,
    TargetManagement,
    Visual,
    VisualTracker,
)

IOU = NvTrackerParameters(
    target_management=TargetManagement(
        max_targets_per_stream=150,
        min_iou_diff_4_new_target=0.5,
        probation_age=4,
        max_shadow_tracking_age=38,
        early_termination_age=1,
    ),
    data_associator=DataAssociator(
        association_matcher_type=Matcher.GREEDY,
        matching_score_weight_4_size_similarity=0.4,
        matching_score_weight_4_iou=0.6,
    ),
)

NVSORT = NvTrackerParameters(
    base_config=BaseConfig(min_detector_confidence=0.1345),
    target_management=TargetManagement(
        max_targets_per_stream=300,
        min_iou_diff_4_new_target=0.5780,
        min_tracker_confidence=0.8216,
        probation_age=5,
        max_shadow_tracking_age=26,
        early_termination_age=1,
    ),
    data_associator=DataAssociator(
        association_matcher_type=Matcher.CASCADED,
        min_matching_score_4_overall=0.2543,
        min_matching_score_4_size_similarity=0.4019,
        min_matching_score_4_iou=0.2159,
        matching_score_weight_4_size_similarity=0.1365,
        matching_score_weight_4_iou=0.3836,
        tentative_detector_confidence=0.2331,
        min_matching_score_4_tentative_iou=0.2867,
    ),
    state_estimator=StateEstimator(
        state_estimator_type=Estimator.REGULAR,
        noise_weight_var_4_loc=0.0301,
        noise_weight_var_4_vel=0.0017,
        use_aspect_ratio=True,
    ),
)

NVDCF_PERF = NvTrackerParameters(
    base_config=BaseConfig(min_detector_confidence=0.0430),
    target_management=TargetManagement(
        max_targets_per_stream=150,
        min_iou_diff_4_new_target=0.7418,
        min_tracker_confidence=0.4009,
        probation_age=2,
        max_shadow_tracking_age=51,
        early_termination_age=1,
    ),
    data_associator=DataAssociator(
        association_matcher_type=Matcher.CASCADED,
        min_matching_score_4_overall=0.4290,
        min_matching_score_4_size_similarity=0.3627,
        min_matching_score_4_iou=0.2575,
        min_matching_score_4_visual_similarity=0.5356,
        matching_score_weight_4_visual_similarity=0.3370,
        matching_score_weight_4_size_similarity=0.4354,
        matching_score_weight_4_iou=0.3656,
        tentative_detector_confidence=0.2008,
        min_matching_score_4_tentative_iou=0.5296,
    ),
    state_estimator=StateEstimator(
        state_estimator_type=Estimator.SIMPLE,
        process_noise_var_4_loc=1.5110,
        process_noise_var_4_size=1.3159,
        process_noise_var_4_vel=0.0300,
        measurement_noise_var_4_detector=3.0283,
        measurement_noise_var_4_tracker=8.1505,
    ),
    visual_tracker=VisualTracker(
        visual_tracker_type=Visual.DCF_VPI,
        use_color_names=True,
        use_hog=False,
        feature_img_size_level=2,
        feature_focus_offset_factor_y=-0.2,
        filter_lr=0.075,
        gaussian_sigma=0.75,
    ),
)

NVDCF_ACCURACY = NvTrackerParameters(
    base_config=BaseConfig(min_detector_confidence=0.1894),
    target_management=TargetManagement(
        max_targets_per_stream=150,
        min_iou_diff_4_new_target=0.3686,
        min_tracker_confidence=0.1513,
        probation_age=2,
        max_shadow_tracking_age=42,
        early_termination_age=1,
    ),
    data_associator=DataAssociator(
        association_matcher_type=Matcher.CASCADED,
        min_matching_score_4_overall=0.0222,
        min_matching_score_4_size_similarity=0.3552,
        min_matching_score_4_iou=0.0548,
        min_matching_score_4_visual_similarity=0.5043,
        matching_score_weight_4_visual_similarity=0.3951,
        matching_score_weight_4_size_similarity=0.6003,
        matching_score_weight_4_iou=0.4033,
        tentative_detector_confidence=0.1024,
        min_matching_score_4_tentative_iou=0.2852,
    ),
    state_estimator=StateEstimator(
        state_estimator_type=Estimator.SIMPLE,
        process_noise_var_4_loc=6810.8668,
        process_noise_var_4_size=1541.8647,
        process_noise_var_4_vel=1348.4874,
        measurement_noise_var_4_detector=100.0,
        measurement_noise_var_4_tracker=293.3238,
    ),
    visual_tracker=VisualTracker(
        visual_tracker_type=Visual.DCF_VPI,
        use_color_names=True,
        use_hog=True,
        feature_img_size_level=3,
        feature_focus_offset_factor_y=-0.1054,
        filter_lr=0.0767,
        gaussian_sigma=0.5687,
    ),
)

SORT = NvTrackerParameters(
    base_config=BaseConfig(min_detector_confidence=0.1),
    target_management=TargetManagement(
        max_targets_per_stream=2000,
        min_iou_diff_4_new_target=0.7,
        probation_age=1,
        max_shadow_tracking_age=30,
        early_termination_age=1,
    ),
    data_associator=DataAssociator(
        association_matcher_type=Matcher.CASCADED,
        min_matching_score_4_iou=0.2,
        min_matching_score_4_size_similarity=0.4,
        matching_score_weight_4_iou=0.8,
        matching_score_weight_4_size_similarity=0.2,
        tentative_detector_confidence=0.5,
        min_matching_score_4_tentative_iou=0.4,
    ),
    state_estimator=NVSORT.state_estimator,
)
"""camwire's own `sort`: NvSORT's association and noise with plainer thresholds and a shorter probation."""

DCF = replace(
    NVDCF_PERF,
    target_management=replace(
        NVDCF_PERF.target_management, max_targets_per_stream=2000, min_tracker_confidence=0.6
    ),
    data_associator=replace(
        NVDCF_PERF.data_associator,
        min_matching_score_4_overall=0.3,
        min_matching_score_4_iou=0.1,
        min_matching_score_4_visual_similarity=0.0,
    ),
    state_estimator=replace(NVDCF_PERF.state_estimator, process_noise_var_4_size=0.6),
    visual_tracker=replace(NVDCF_PERF.visual_tracker, use_hog=True),
)
"""camwire's own `dcf`. Looks speak for a match, but don't forbid one: people turn, lights change."""
