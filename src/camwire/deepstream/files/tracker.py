"""nvtracker's low-level file (YAML) for each of its trackers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import IntEnum
from functools import cache
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from camwire.link.desired import DesiredDeepstream
from camwire.tracking.nvtracker import presets
from camwire.tracking.nvtracker.parameters import (
    Estimator,
    Matcher,
    NvTrackerParameters,
    Visual,
    key_of,
    section_of,
)

_SHARED = {
    "iou": presets.IOU,
    "nvsort": presets.NVSORT,
    "nvdcf_perf": presets.NVDCF_PERF,
    "nvdcf_accuracy": presets.NVDCF_ACCURACY,
}
"""Those that camwire's own trackers know, too."""

_ONE_COUNTER = {"TrajectoryManagement": {"useUniqueID": 0}}
_WEIGHTS = {"filterChannelWeightsLr": 0.1}

_BESIDES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "iou": _ONE_COUNTER,
    "nvsort": {**_ONE_COUNTER, "DataAssociator": {"usePrediction4Assoc": 1}},
    "nvdcf_perf": {
        **_ONE_COUNTER,
        "TargetManagement": {"enableBboxUnClipping": 1, "preserveStreamUpdateOrder": 0},
        "VisualTracker": _WEIGHTS,
    },
    "nvdcf_accuracy": {
        **_ONE_COUNTER,
        "TargetManagement": {"enableBboxUnClipping": 1},
        "VisualTracker": {"filterChannelWeightsLr": 0.0339},
    },
}
"""What DeepStream's presets say that has no meaning for camwire's own trackers."""

_NVDEEPSORT: Mapping[str, Mapping[str, Any]] = {
    "BaseConfig": {"minDetectorConfidence": 0.0762},
    "TargetManagement": {
        "maxTargetsPerStream": 150,
        "minIouDiff4NewTarget": 0.9847,
        "minTrackerConfidence": 0.4314,
        "probationAge": 2,
        "maxShadowTrackingAge": 68,
        "earlyTerminationAge": 1,
    },
    **_ONE_COUNTER,
    "DataAssociator": {
        "associationMatcherType": 1,
        "checkClassMatch": 1,
        "minMatchingScore4Overall": 0.1794,
        "minMatchingScore4SizeSimilarity": 0.3291,
        "minMatchingScore4Iou": 0.2364,
        "minMatchingScore4ReidSimilarity": 0.7505,
        "matchingScoreWeight4Iou": 0.4551,
        "matchingScoreWeight4SizeSimilarity": 0.7178,
        "matchingScoreWeight4ReidSimilarity": 0.3197,
        "tentativeDetectorConfidence": 0.2479,
        "minMatchingScore4TentativeIou": 0.2376,
        "thresholdMahalanobis": 12.1875,
    },
    "StateEstimator": {
        "stateEstimatorType": 2,
        "noiseWeightVar4Loc": 0.0503,
        "noiseWeightVar4Vel": 0.0037,
        "useAspectRatio": 1,
    },
    "VisualTracker": {"visualTrackerType": 0},
}

_REID = {"reidType": 1, "reidFeatureSize": 128, "reidHistorySize": 100, "networkMode": 1}

_REASSOCIATION = {
    "enableReAssoc": 1,
    "minMatchingScore4Overall": 0.6622,
    "minTrackletMatchingScore": 0.2940,
    "minMatchingScore4ReidSimilarity": 0.0771,
    "matchingScoreWeight4TrackletSimilarity": 0.7981,
    "matchingScoreWeight4ReidSimilarity": 0.3848,
    "minTrajectoryLength4Projection": 34,
    "prepLength4TrajectoryProjection": 58,
    "trajectoryProjectionLength": 33,
    "maxAngle4TrackletMatching": 67,
    "minSpeedSimilarity4TrackletMatching": 0.0574,
    "minBboxSizeSimilarity4TrackletMatching": 0.1013,
    "maxTrackletMatchingTimeSearchRange": 27,
    "trajectoryProjectionProcessNoiseScale": 0.01,
    "trajectoryProjectionMeasurementNoiseScale": 100,
    "trackletSpacialSearchRegionScale": 0.01,
    "reidExtractionInterval": 8,
}
"""NvDCF's accuracy preset; it compares looks, so it is written where there is a model for that."""
REID_TYPE_FOR_REASSOCIATION = 2


def tracker_file(settings: DesiredDeepstream) -> str:
    """The file's text for ``settings.tracker``, which is one of NVIDIA's."""
    return _text(settings.tracker, settings.reid_model)


@cache
def _text(tracker: str, reid_model: str | None) -> str:
    sections = _sections(tracker, reid_model)
    text = StringIO()
    # nvtracker's own files begin so.
    text.write("%YAML:1.0\n# nvtracker. Written by camwire.\n")
    yaml = YAML()
    yaml.dump(sections, text)
    return f"{text.getvalue().rstrip()}\n"


def _sections(tracker: str, reid_model: str | None) -> dict[str, dict[str, Any]]:
    if tracker == "nvdeepsort":
        merged = {section: dict(values) for section, values in _NVDEEPSORT.items()}
        merged["ReID"] = {**_REID, "onnxFile": reid_model}
        return merged
    merged = _written(_SHARED[tracker])
    for section, values in _BESIDES[tracker].items():
        merged.setdefault(section, {}).update(values)
    if tracker == "nvdcf_accuracy" and reid_model is not None:
        merged["TrajectoryManagement"].update(_REASSOCIATION)
        reid = {**_REID, "reidType": REID_TYPE_FOR_REASSOCIATION}
        merged["ReID"] = {**reid, "onnxFile": reid_model}
    return merged


def _written(parameters: NvTrackerParameters) -> dict[str, dict[str, Any]]:
    """camwire's parameters under DeepStream's names; those that the preset has no use for are left out, for
    DeepStream would find one for them."""
    unused = _unused(parameters)
    return {
        section_of(section): {
            key_of(name): _plain(value) for name, value in values.items() if name not in unused
        }
        for section, values in asdict(parameters).items()
    }


def _unused(parameters: NvTrackerParameters) -> set[str]:
    estimator = parameters.state_estimator
    in_pixels = {"process_noise_var_4_loc", "process_noise_var_4_size", "process_noise_var_4_vel"}
    in_pixels |= {"measurement_noise_var_4_detector", "measurement_noise_var_4_tracker"}
    by_height = {"noise_weight_var_4_loc", "noise_weight_var_4_vel", "use_aspect_ratio"}
    unused: set[str] = set()
    if estimator.state_estimator_type is not Estimator.SIMPLE:
        unused |= in_pixels
    if estimator.state_estimator_type is not Estimator.REGULAR:
        unused |= by_height
    if parameters.visual_tracker.visual_tracker_type is Visual.NONE:
        unused |= set(asdict(parameters.visual_tracker)) - {"visual_tracker_type"}
        unused |= {"min_matching_score_4_visual_similarity", "matching_score_weight_4_visual_similarity"}
    if parameters.data_associator.association_matcher_type is not Matcher.CASCADED:
        unused |= {"tentative_detector_confidence", "min_matching_score_4_tentative_iou"}
    return unused


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool | IntEnum) else value
