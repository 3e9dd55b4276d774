"""nvdspreprocess's file: how the model's input is made, and of which parts of the pictures."""

from __future__ import annotations

from collections.abc import Mapping

from camwire.deepstream.files.infer import BILINEAR, TO_UNIT, UNIQUE_ID, input_size, skipped_batches
from camwire.deepstream.files.keyfile import KeyValue, key_file
from camwire.link.desired import DesiredDeepstream, DesiredState

LIBRARY = "/opt/nvidia/deepstream/deepstream/lib/gst-plugins/libcustom2d_preprocess.so"
OWN_ID = 15
TENSOR_TYPES = {"fp32": 0, "fp16": 7}
"""`tensor-data-type`."""


def preprocess_file(
    desired: DesiredState, settings: DesiredDeepstream, pads: Mapping[str, int], batch: int
) -> str:
    """The file's text. ``pads``: each camera's place in the muxer. A batch of tensors holds a picture, or as
    many parts of it as are configured, of each of ``batch`` cameras.
    """
    model, interval = desired.model, skipped_batches(desired)
    size = input_size(model)
    rois = _rois(settings, pads)
    units = batch + sum(len(parts) - 1 for parts in rois.values())
    properties: dict[str, KeyValue] = {
        "enable": 1,
        "unique-id": OWN_ID,
        "target-unique-ids": UNIQUE_ID,
        "gpu-id": settings.gpu,
        "process-on-frame": 1,
        "processing-width": size.width,
        "processing-height": size.height,
        "maintain-aspect-ratio": model.resize != "stretch",
        "symmetric-padding": model.resize != "stretch",
        "network-input-order": 0,
        "network-input-shape": (units, 3, size.height, size.width),
        "network-color-format": 0,
        "tensor-data-type": TENSOR_TYPES[settings.preprocess],
        "tensor-name": settings.tensor_name,
        "scaling-filter": BILINEAR,
        "custom-lib-path": LIBRARY,
        "custom-tensor-preparation-function": "CustomTensorPreparation",
    }
    groups: dict[str, Mapping[str, KeyValue]] = {
        "property": properties,
        "user-configs": {"pixel-normalization-factor": TO_UNIT},
    }
    whole = sorted(pad for camera, pad in pads.items() if camera not in rois)
    if whole:
        groups["group-0"] = _group(tuple(whole), interval, process_on_roi=0)
    if rois:
        # DeepStream reads in order: `process-on-roi` has to stand before the parts.
        groups[f"group-{len(groups) - 2}"] = {
            **_group(tuple(sorted(pads[camera] for camera in rois)), interval, process_on_roi=1),
            **{
                f"roi-params-src-{pads[camera]}": tuple(side for part in parts for side in part)
                for camera, parts in rois.items()
            },
            "draw-roi": 0,
        }
    return key_file(groups, "nvdspreprocess: the detector's input. Written by camwire.")


def _group(pads: tuple[int, ...], interval: int, *, process_on_roi: int) -> dict[str, KeyValue]:
    """``interval``: nvinfer's own has no effect on tensors that it is given."""
    return {
        "src-ids": pads,
        "custom-input-transformation-function": "CustomAsyncTransformation",
        "interval": interval,
        "process-on-roi": process_on_roi,
    }


def _rois(settings: DesiredDeepstream, pads: Mapping[str, int]) -> dict[str, list[tuple[int, int, int, int]]]:
    found: dict[str, list[tuple[int, int, int, int]]] = {}
    for roi in settings.rois:
        if roi.camera in pads:
            found.setdefault(roi.camera, []).append((roi.left, roi.top, roi.width, roi.height))
    return found
