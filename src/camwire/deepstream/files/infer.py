"""nvinfer's file: which network, how pictures come into it, what of its boxes counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from camwire.deepstream.files.keyfile import KeyValue, key_file
from camwire.frames import Size
from camwire.link.desired import DesiredDeepstream, DesiredModel, DesiredState
from camwire.pipeline.selection import NO_BOUND, Limits, Selection, lowest_score
from camwire.tracking import weakest_score

UNIQUE_ID = 1
"""The detector's number, by which other elements name it."""
PARSER = "NvDsInferParseCamwireYolo"
"""The function in the parser's library."""
FP32, FP16 = 0, 2
"""`network-mode`."""
NMS = 2
"""`cluster-mode`."""
BILINEAR = 1
"""`scaling-filter`; left alone, the nearest pixel would be taken."""
USUAL_INPUT = Size(640, 640)
"""What YOLO models are exported with where nothing else is said."""
TO_UNIT = 1 / 255
"""Models take 0 to 1."""
ENGINES = (".engine", ".plan", ".trt")


def infer_file(desired: DesiredState, settings: DesiredDeepstream, names: Sequence[str], batch: int) -> str:
    """The file's text for a model of the classes ``names`` and batches of ``batch`` pictures.

    Raises ModelError for a class that the model doesn't have, KeyFileError for a path that can't be written.
    """
    model = desired.model
    size = input_size(model)
    limits = _with_weak(Selection(names, model).limits(("",)), desired, settings)
    unwanted = np.flatnonzero(np.isinf(limits.score[0])).tolist()
    properties: dict[str, KeyValue] = {
        "gie-unique-id": UNIQUE_ID,
        "gpu-id": settings.gpu,
        "process-mode": 1,
        "network-type": 0,
        "batch-size": batch,
        "interval": skipped_batches(desired),
        "network-mode": _mode(model),
        **_network(model, settings, batch),
        "infer-dims": (3, size.height, size.width),
        "model-color-format": 0,
        "net-scale-factor": TO_UNIT,
        "maintain-aspect-ratio": model.resize != "stretch",
        "symmetric-padding": model.resize != "stretch",
        "scaling-filter": BILINEAR,
        "custom-lib-path": settings.parser,
        "parse-bbox-func-name": PARSER,
        "num-detected-classes": len(names),
        "labelfile-path": "labels.txt",
        "cluster-mode": NMS,
        "output-tensor-meta": settings.tensor_output,
    }
    if unwanted:
        properties["filter-out-class-ids"] = tuple(unwanted)
    groups = {"property": properties, **_classes(limits, model)}
    return key_file(groups, "nvinfer: the detector. Written by camwire.")


def input_size(model: DesiredModel) -> Size:
    """What the network takes."""
    return USUAL_INPUT if model.input_size is None else Size(*model.input_size)


def _with_weak(limits: Limits, desired: DesiredState, settings: DesiredDeepstream) -> Limits:
    """What camwire's trackers want besides to carry objects on with; NVIDIA's have thresholds of their own.

    Only of classes with the lowest threshold: the tracker here is told none of the others.
    """
    if settings.tracker != "camwire":
        return limits
    lowest = lowest_score(desired.model)
    weakest = np.float32(weakest_score(desired.tracker, lowest))
    return replace(limits, score=np.where(limits.score == np.float32(lowest), weakest, limits.score))


def skipped_batches(desired: DesiredState) -> int:
    """Batches that are left out between two that are inferred; one number for all cameras."""
    intervals = {detection.detect_interval for detection in desired.model.cameras.values()}
    return max(intervals, default=1) - 1


def _mode(model: DesiredModel) -> int:
    return FP32 if model.precision == "full" else FP16


def _network(model: DesiredModel, settings: DesiredDeepstream, batch: int) -> dict[str, KeyValue]:
    """An engine as it is, or an ONNX file and where nvinfer keeps the engine that it makes of it."""
    if model.file.endswith(ENGINES):
        return {"model-engine-file": model.file}
    precision = "fp32" if _mode(model) == FP32 else "fp16"
    return {
        "onnx-file": model.file,
        "model-engine-file": f"{model.file}_b{batch}_gpu{settings.gpu}_{precision}.engine",
    }


def _classes(limits: Limits, model: DesiredModel) -> dict[str, Mapping[str, KeyValue]]:
    """What holds for all classes, and a group for each class that differs."""
    rows = [_row(limits, number) for number in range(limits.score.shape[1])]
    wanted = [row for number, row in enumerate(rows) if np.isfinite(limits.score[0, number])]
    usual = max(wanted, key=wanted.count) if wanted else _row_of(model)
    groups: dict[str, Mapping[str, KeyValue]] = {"class-attrs-all": usual}
    for number, row in enumerate(rows):
        if np.isfinite(limits.score[0, number]) and row != usual:
            groups[f"class-attrs-{number}"] = row
    return groups


def _row(limits: Limits, number: int) -> dict[str, KeyValue]:
    most = int(limits.most[0, number])
    return {
        "pre-cluster-threshold": _short(limits.score[0, number]),
        "post-cluster-threshold": _short(limits.final[0, number]),
        "nms-iou-threshold": _short(limits.iou[0, number]),
        "topk": -1 if most == NO_BOUND else most,
    }


def _row_of(model: DesiredModel) -> dict[str, KeyValue]:
    return {"pre-cluster-threshold": model.score_threshold, "nms-iou-threshold": model.iou_threshold}


def _short(value: np.float32) -> float:
    """The shortest decimal number that means the same."""
    return float(str(value))
