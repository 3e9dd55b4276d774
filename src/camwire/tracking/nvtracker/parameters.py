"""What tunes the trackers of DeepStream's family.

The fields are DeepStream's keys in snake case; ``key_of`` gives the original. Defaults are those that its
documentation gives for keys left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Matcher(IntEnum):
    """DataAssociator.associationMatcherType."""

    GREEDY = 0
    CASCADED = 1


class Estimator(IntEnum):
    """StateEstimator.stateEstimatorType."""

    NONE = 0
    SIMPLE = 1
    REGULAR = 2


class Visual(IntEnum):
    """VisualTracker.visualTrackerType. DeepStream's two are one algorithm on two backends."""

    NONE = 0
    DCF = 1
    DCF_VPI = 2


@dataclass(frozen=True, slots=True)
class BaseConfig:
    min_detector_confidence: float = 0.0
    """Detections below are ignored."""


@dataclass(frozen=True, slots=True)
class TargetManagement:
    max_targets_per_stream: int = 30
    min_iou_diff_4_new_target: float = 0.5
    """A detection that overlaps a target more starts none."""
    min_tracker_confidence: float = 0.6
    """A target that is seen by the visual tracker alone, and by it less surely, isn't reported."""
    probation_age: int = 5
    """Frames until a new target is reported."""
    max_shadow_tracking_age: int = 38
    """Frames in a row without a detection after which a target ends."""
    early_termination_age: int = 2
    """The same for targets on probation."""


@dataclass(frozen=True, slots=True)
class DataAssociator:
    association_matcher_type: Matcher = Matcher.GREEDY
    check_class_match: bool = True
    min_matching_score_4_overall: float = 0.0
    min_matching_score_4_size_similarity: float = 0.0
    min_matching_score_4_iou: float = 0.0
    min_matching_score_4_visual_similarity: float = 0.0
    matching_score_weight_4_iou: float = 1.0
    matching_score_weight_4_size_similarity: float = 0.0
    matching_score_weight_4_visual_similarity: float = 0.0
    tentative_detector_confidence: float = 0.5
    """Cascaded only: detections below keep targets alive but start none."""
    min_matching_score_4_tentative_iou: float = 0.0


@dataclass(frozen=True, slots=True)
class StateEstimator:
    state_estimator_type: Estimator = Estimator.NONE
    process_noise_var_4_loc: float = 2.0
    process_noise_var_4_size: float = 1.0
    process_noise_var_4_vel: float = 0.1
    measurement_noise_var_4_detector: float = 4.0
    measurement_noise_var_4_tracker: float = 16.0
    noise_weight_var_4_loc: float = -0.1
    noise_weight_var_4_vel: float = -0.1
    """The noise in heights, which takes the place of the one in pixels; off where negative."""
    use_aspect_ratio: bool = False


@dataclass(frozen=True, slots=True)
class VisualTracker:
    visual_tracker_type: Visual = Visual.NONE
    use_color_names: bool = True
    use_hog: bool = False
    feature_img_size_level: int = 2
    feature_focus_offset_factor_y: float = 0.0
    filter_lr: float = 0.075
    gaussian_sigma: float = 0.75
    search_region_padding_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class NvTrackerParameters:
    """All sections of a low-level tracker file that have a meaning here."""

    base_config: BaseConfig = field(default_factory=BaseConfig)
    target_management: TargetManagement = field(default_factory=TargetManagement)
    data_associator: DataAssociator = field(default_factory=DataAssociator)
    state_estimator: StateEstimator = field(default_factory=StateEstimator)
    visual_tracker: VisualTracker = field(default_factory=VisualTracker)


def key_of(name: str) -> str:
    """DeepStream's spelling of a field's name: ``noise_weight_var_4_loc`` is ``noiseWeightVar4Loc``; an axis
    stays apart, as in ``featureFocusOffsetFactor_y``."""
    first, *rest = name.removesuffix("_y").split("_")
    key = first + "".join(part[0].upper() + part[1:] for part in rest)
    return f"{key}_y" if name.endswith("_y") else key


def section_of(name: str) -> str:
    """DeepStream's spelling of a section's name: ``base_config`` is ``BaseConfig``."""
    key = key_of(name)
    return key[0].upper() + key[1:]


def sections() -> dict[str, tuple[str, Any]]:
    """DeepStream's name of each section, with the field's name and the section's class."""
    fields = NvTrackerParameters.__dataclass_fields__
    return {section_of(name): (name, value.default_factory) for name, value in fields.items()}
