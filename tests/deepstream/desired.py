"""Desired states for the DeepStream engine, and every combination of its choices."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import msgspec

from camwire.link.desired import (
    DesiredCamera,
    DesiredDeepstream,
    DesiredModel,
    DesiredOutput,
    DesiredState,
    DesiredTracker,
)

NAMES = ("person", "bicycle", "car")

CHOICES: dict[str, tuple[Any, ...]] = {
    "mux": ("legacy", "new"),
    "preprocess": ("none", "fp32", "fp16"),
    "tracker": ("camwire", "iou", "nvsort", "nvdeepsort", "nvdcf_perf", "nvdcf_accuracy"),
    "analytics": ("camwire", "nvdsanalytics"),
    "osd": ("native", "python"),
    "encoder": ("nvjpegenc", "nvimageenc"),
}


def camera(name: str, url: str = "rtsp://user:hidden@192.0.2.1/stream", **fields: Any) -> DesiredCamera:
    usual = {"enabled": True, "transport": "tcp", "latency_ms": 50, "drop_on_latency": True}
    return DesiredCamera(id=name, url=url, **{**usual, **fields})


def deepstream(**fields: Any) -> DesiredDeepstream:
    usual = {"parser": "/lib/parser.so", "tracker_library": "/lib/tracker.so", "reid_model": "/m/reid.onnx"}
    return msgspec.convert({**usual, **fields}, DesiredDeepstream)


def desired(
    *cameras: DesiredCamera, settings: DesiredDeepstream | None = None, **fields: Any
) -> DesiredState:
    usual: dict[str, Any] = {
        "revision": 1,
        "model": model(),
        "tracker": DesiredTracker(type="bytetrack", trace_length=5),
        "output": DesiredOutput(width=640, height=360, max_fps=0.0, jpeg_quality=80),
        "toggles": {"boxes": True, "labels": True},
        "watched": tuple(one.id for one in cameras),
        "stats_epoch": 0,
        "deepstream": settings or deepstream(),
    }
    return DesiredState(cameras=cameras, **{**usual, **fields})


def model(**fields: Any) -> DesiredModel:
    usual = {
        "file": "/m/yolo11n.onnx",
        "runtime": "auto",
        "score_threshold": 0.4,
        "iou_threshold": 0.5,
        "classes": None,
    }
    return DesiredModel(**{**usual, **fields})


def all_settings() -> Iterator[DesiredDeepstream]:
    """Every combination of the choices."""
    for values in product(*CHOICES.values()):
        yield deepstream(**dict(zip(CHOICES, values, strict=True)))
