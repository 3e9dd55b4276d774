"""The keys that DeepStream 9.1's elements read in their files. Nothing else is ever written."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


INFER_PROPERTY = _words("""
    gie-unique-id process-mode interval gpu-id batch-size network-mode network-type model-color-format
    net-scale-factor offsets mean-file maintain-aspect-ratio symmetric-padding scaling-filter
    scaling-compute-hw
    network-input-order infer-dims onnx-file model-engine-file int8-calib-file custom-lib-path
    engine-create-func-name parse-bbox-func-name parse-bbox-instance-mask-func-name output-blob-names
    output-tensor-meta disable-output-host-copy num-detected-classes labelfile-path cluster-mode
    filter-out-class-ids operate-on-gie-id operate-on-class-ids workspace-size tensor-meta-pool-size
    crop-objects-to-roi-boundary strongly-typed warmup-engine stabilize-buffer-count auto-inc-mem
    max-gpu-mem-per dynamic-properties
    """)
INFER_CLASS = _words("""
    pre-cluster-threshold post-cluster-threshold nms-iou-threshold topk eps minBoxes dbscan-min-score
    group-threshold detected-min-w detected-min-h detected-max-w detected-max-h roi-top-offset
    roi-bottom-offset border-color bg-color
    """)
"""In `class-attrs-all` and `class-attrs-NUMBER`."""

PREPROCESS_PROPERTY = _words("""
    enable target-unique-ids operate-on-gie-id process-on-frame unique-id gpu-id processing-width
    processing-height maintain-aspect-ratio symmetric-padding network-input-order network-input-shape
    network-color-format tensor-data-type tensor-name scaling-buf-pool-size tensor-buf-pool-size
    scaling-pool-memory-type scaling-pool-compute-hw scaling-filter custom-lib-path
    custom-tensor-preparation-function
    """)
PREPROCESS_USER = frozenset({"pixel-normalization-factor", "mean-file", "offsets"})
"""In `user-configs`: what the library that comes with DeepStream reads."""
PREPROCESS_GROUP = _words("""
    src-ids custom-input-transformation-function process-on-roi process-on-all-objects draw-roi roi-color
    operate-on-class-ids interval input-object-min-width input-object-min-height input-object-max-width
    input-object-max-height
    """)
"""In `group-NUMBER`, besides `roi-params-src-NUMBER`."""

MUX_PROPERTY = _words("""
    algorithm-type batch-size adaptive-batching max-fps-control overall-max-fps-n overall-max-fps-d
    overall-min-fps-n overall-min-fps-d max-same-source-frames enable-source-rate-control
    """)
MUX_SOURCE = _words("max-fps-n max-fps-d min-fps-n min-fps-d priority max-num-frames-per-batch")

ANALYTICS_PROPERTY = _words(
    "enable config-width config-height display-font-size osd-mode obj-cnt-win-in-ms display-obj-cnt"
)
ANALYTICS_GROUPS = {
    "roi-filtering-stream": frozenset({"enable", "class-id", "inverse-roi"}),
    "overcrowding-stream": frozenset({"enable", "class-id", "object-threshold", "time-threshold"}),
    "line-crossing-stream": frozenset({"enable", "class-id", "extended", "mode"}),
    "direction-detection-stream": frozenset({"enable", "class-id", "mode"}),
}
"""By a group's name without its stream's number; the shapes' own keys begin as in ``ANALYTICS_SHAPES``."""
ANALYTICS_SHAPES = {
    "roi-filtering-stream": "roi-",
    "overcrowding-stream": "roi-",
    "line-crossing-stream": "line-crossing-",
    "direction-detection-stream": "direction-",
}

TRACKER = {
    "BaseConfig": frozenset({"minDetectorConfidence"}),
    "TargetManagement": _words("""
        maxTargetsPerStream preserveStreamUpdateOrder enableBboxUnClipping minIouDiff4NewTarget
        minTrackerConfidence probationAge maxShadowTrackingAge earlyTerminationAge searchRegionPaddingScale
        outputTerminatedTracks outputShadowTracks terminatedTrackFilename
        """),
    "TrajectoryManagement": _words("""
        useUniqueID enableReAssoc minMatchingScore4Overall minTrackletMatchingScore
        minMatchingScore4ReidSimilarity matchingScoreWeight4TrackletSimilarity
        matchingScoreWeight4ReidSimilarity minTrajectoryLength4Projection prepLength4TrajectoryProjection
        trajectoryProjectionLength maxAngle4TrackletMatching minSpeedSimilarity4TrackletMatching
        minBboxSizeSimilarity4TrackletMatching maxTrackletMatchingTimeSearchRange
        trajectoryProjectionProcessNoiseScale trajectoryProjectionMeasurementNoiseScale
        trackletSpacialSearchRegionScale reidExtractionInterval
        """),
    "DataAssociator": _words("""
        associationMatcherType checkClassMatch usePrediction4Assoc minMatchingScore4Overall
        minMatchingScore4SizeSimilarity minMatchingScore4Iou minMatchingScore4VisualSimilarity
        minMatchingScore4ReidSimilarity matchingScoreWeight4Iou matchingScoreWeight4SizeSimilarity
        matchingScoreWeight4VisualSimilarity matchingScoreWeight4ReidSimilarity tentativeDetectorConfidence
        minMatchingScore4TentativeIou thresholdMahalanobis
        """),
    "StateEstimator": _words("""
        stateEstimatorType processNoiseVar4Loc processNoiseVar4Size processNoiseVar4Vel
        measurementNoiseVar4Detector measurementNoiseVar4Tracker noiseWeightVar4Loc noiseWeightVar4Vel
        useAspectRatio
        """),
    "VisualTracker": _words("""
        visualTrackerType useColorNames useHog featureImgSizeLevel featureFocusOffsetFactor_y filterLr
        filterChannelWeightsLr gaussianSigma searchRegionPaddingScale useHighPrecisionFeature
        vpiBackend4DcfTracker
        """),
    "ReID": _words("""
        reidType batchSize workspaceSize reidFeatureSize reidHistorySize inferDims inputOrder colorFormat
        networkMode offsets netScaleFactor keepAspc addFeatureNormalization onnxFile modelEngineFile
        tltEncodedModel outputReidTensor
        """),
}
"""By section."""
