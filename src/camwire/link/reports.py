"""How a worker and its cameras do, once a second."""

from __future__ import annotations

from typing import Literal

import msgspec

from camwire.link.message import Message

CameraPhase = Literal["disabled", "connecting", "live", "stalled", "retrying"]
"""What a camera is doing. ``stalled``: connected, but no picture for a while."""


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """Of the last seconds, in milliseconds."""

    p50: float
    p95: float


class LatencyCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Since the last clearing of statistics; the bounds are those of ``monitoring.exported``."""

    cumulated: tuple[int, ...]
    """For each bound, how many took no longer."""
    count: int
    seconds: float
    """Of all together."""


class CameraReport(msgspec.Struct, frozen=True, kw_only=True):
    """One camera, as its worker sees it. Counts run since the last clearing of statistics."""

    id: str
    phase: CameraPhase
    reason: str | None = None
    """Why it is stalled or retrying, for people; holds no secret."""
    retry_at: float | None = None
    """UTC, when the next try is due."""
    codec: str | None = None
    width: int = 0
    height: int = 0
    """The source's size in pixels."""
    input_fps: float = 0.0
    processed_fps: float = 0.0
    output_fps: float = 0.0
    frames_in: int = 0
    frames_processed: int = 0
    frames_out: int = 0
    """frames_in = frames_out + sum(drops) + frames under way."""
    drops: dict[str, int] = msgspec.field(default_factory=dict)
    objects: dict[str, int] = msgspec.field(default_factory=dict)
    """Objects in the newest processed frame, by class name."""
    latency_ms: dict[str, Quantiles] = msgspec.field(default_factory=dict)
    """By stage: decode, queue, detect, track, analyse, render, encode, publish; total: arrived to
    published."""
    latencies: dict[str, LatencyCounts] = msgspec.field(default_factory=dict)
    """By stage, too."""
    rules: dict[str, dict[str, dict[str, int]]] = msgspec.field(default_factory=dict)
    """Counts by rule, what is counted, and class."""
    nvdsanalytics: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """What DeepStream's rules say of the newest frame: `inside`, `overcrowded`, `crossed`, `objects`."""


class DeviceMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a GPU's memory, and what they are for; ``devices.contracts.MemoryUse`` says more."""

    total: int
    free: int
    network: int
    pictures: int
    decoders: int


class Statistics(Message, frozen=True, kw_only=True):
    """Once a second."""

    worker: str
    pid: int
    device: str
    revision: int
    """Of the desired state that this worker runs; 0 before the first."""
    cameras: tuple[CameraReport, ...]
    model: str
    """The model, its runtime and its precision, in words."""
    cpu_percent: float
    rss_bytes: int
    device_memory: DeviceMemory | None = None
    """None for devices without memory of their own."""
    elements: dict[str, float] = msgspec.field(default_factory=dict)
    """Figures of the engine's own parts, by name."""
    failures: dict[str, int] = msgspec.field(default_factory=dict)
    """How often each stage has failed since the last clearing of statistics."""
    lost: dict[str, int] = msgspec.field(default_factory=dict)
    """What never reached the server since the worker started: `events`, `event_pictures`."""
    stuck: str | None = None
    """Why this worker should be replaced: it can talk, but no longer work."""
