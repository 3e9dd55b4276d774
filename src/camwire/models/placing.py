"""From a model's input back to the pictures."""

from __future__ import annotations

import numpy as np

from camwire.devices.contracts import ModelInput
from camwire.frames import Batch, Detections, Float32Array, Size, UInt8Array
from camwire.models.contract import RawDetections
from camwire.models.geometry import oriented_corners


def in_pictures(raw: RawDetections, fed: ModelInput, batch: Batch) -> Detections:
    """``raw`` in picture pixels, boxes clipped; what lies in the letterbox's bars alone is left out."""
    corners = _corners(raw, fed, batch)
    inside = np.flatnonzero((corners[1] > corners[0]).all(axis=0))
    if len(inside) < len(raw):
        raw, corners = raw.take(inside), corners.take(inside, axis=2)
    boxes = np.ascontiguousarray(corners.reshape(4, -1).T)
    return Detections(
        boxes=boxes,
        scores=raw.scores,
        classes=raw.classes,
        frame_index=raw.frame_index,
        keypoints=_keypoints(raw, fed),
        masks=_masks(raw, boxes.reshape(-1, 2, 2), fed),
        corners=None if raw.oriented is None else _points(oriented_corners(raw.oriented), raw, fed),
    )


def _corners(raw: RawDetections, fed: ModelInput, batch: Batch) -> Float32Array:
    """[2, 2, M] first and last corner × x and y, in picture pixels, clipped. Long rows are fast."""
    index = raw.frame_index
    sides = np.array([frame.size for frame in batch.frames], np.float32).reshape(-1, 2)
    corners = np.ascontiguousarray(raw.boxes.T).reshape(2, 2, -1)
    corners = (corners - fed.offset.T.take(index, axis=1)) / fed.scale.T.take(index, axis=1)
    clipped: Float32Array = np.clip(corners, np.float32(0), sides.T.take(index, axis=1))
    return clipped


def _points(points: Float32Array, raw: RawDetections, fed: ModelInput) -> Float32Array:
    """[M, K, 2] from input pixels to picture pixels."""
    index = raw.frame_index
    mapped: Float32Array = (points - fed.offset[index, None]) / fed.scale[index, None]
    return mapped


def _keypoints(raw: RawDetections, fed: ModelInput) -> Float32Array | None:
    if raw.keypoints is None:
        return None
    return np.concatenate((_points(raw.keypoints[..., :2], raw, fed), raw.keypoints[..., 2:]), axis=2)


def _masks(raw: RawDetections, boxes: Float32Array, fed: ModelInput) -> UInt8Array | None:
    """Of the clipped ``boxes`` [M, 2, 2] in picture pixels."""
    if raw.masks is None:
        return None
    index = raw.frame_index
    in_input = boxes * fed.scale[index, None] + fed.offset[index, None]
    size = Size(fed.pixels.shape[2], fed.pixels.shape[1])
    return raw.masks.rasters(index, in_input.reshape(-1, 4), size)
