"""What the GPU benchmark measures with: the device, YOLO11 with a crowd of objects, clips, results."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from camwire.devices.cuda import CudaDevice
from camwire.frames import Batch, Detections, Size

BOUND = Size(1280, 720)
OBJECTS, ANCHORS_EACH = 100, 6
ON = frozenset({"boxes", "labels", "traces"})
WORKER = int(os.environ.get("CAMWIRE_WORKER", "0"))
"""Which of several processes that measure at the same time this is."""
CORES = int(os.environ.get("CAMWIRE_CORES", "0")) or None
"""As `cores_per_gpu_worker` of the configuration."""
DEVICE = CudaDevice(0, WORKER, CORES)  # before anything else uses CUDA

import torch  # noqa: E402

from camwire.devices.cuda.detect import CudaDetector  # noqa: E402
from camwire.link.desired import DesiredModel  # noqa: E402
from camwire.pipeline.gpu_detector import GpuDetector  # noqa: E402
from camwire.runtimes.torch import from_module  # noqa: E402
from yolo11 import CLASSES, PUBLISHED, Yolo11  # noqa: E402

THRESHOLDS = {"file": "", "runtime": "torch", "score_threshold": 0.25, "iou_threshold": 0.5, "classes": None}
NAMES = tuple(f"class {n}" for n in range(CLASSES))


class Crowded(torch.nn.Module):
    """A network whose outputs are, at some anchors, a crowd of objects instead of its own."""

    def __init__(self, network: torch.nn.Module, size: Size) -> None:
        super().__init__()
        self.network = network
        rng = np.random.default_rng(0)
        count = OBJECTS * ANCHORS_EACH
        anchors = size.width * size.height * 21 // 1024
        rows = np.zeros((4 + CLASSES, count), np.float32)
        centres = rng.uniform((0, size.height * 0.25), (size.width, size.height * 0.75), (OBJECTS, 2))
        sides = rng.uniform(12, 60, (OBJECTS, 2))
        jitter = rng.normal(0, 1, (ANCHORS_EACH, OBJECTS, 2))
        rows[:2] = (centres + jitter).reshape(-1, 2).T
        rows[2:4] = np.tile(sides, (ANCHORS_EACH, 1)).T
        rows[4 + np.tile(rng.integers(0, 8, OBJECTS), ANCHORS_EACH), np.arange(count)] = rng.uniform(
            0.5, 0.95, count
        )
        self.register_buffer("rows", torch.from_numpy(rows))
        self.register_buffer("places", torch.from_numpy(rng.choice(anchors, count, replace=False)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        head = self.network(images)
        head[:, :, self.places] = self.rows.to(head.dtype)
        return head


def detector_for(scale: str, size: Size, lanes: int, compiled: bool = False) -> GpuDetector:
    torch.manual_seed(0)
    network = Yolo11(scale)
    counted = network.parameters_unfolded()
    assert abs(counted - PUBLISHED[scale]) < 0.04 * PUBLISHED[scale], (
        f"YOLO11{scale} has {counted} parameters"
    )
    whole = from_module(f"yolo11{scale}", Crowded(network, size), size, NAMES, compiled=compiled)
    on_gpu = CudaDetector(0, whole, batch_size=DEVICE.batch_size, lanes=lanes)
    return GpuDetector(on_gpu, DesiredModel(**THRESHOLDS))


def drifting(detect: Callable[[Batch], Detections]) -> Callable[[Batch], Detections]:
    """Move what was found around in a circle, a turn in five seconds."""

    def moved(batch: Batch) -> Detections:
        found = detect(batch)
        turn = np.array([frame.time for frame in batch.frames]) * (2 * np.pi / 5)
        shift = (30 * np.stack((np.cos(turn), np.sin(turn)), axis=1)).astype(np.float32)[found.frame_index]
        return replace(found, boxes=found.boxes + np.tile(shift, 2))

    return moved


@dataclass
class Result:
    name: str
    fps: float
    cores: float
    """CPU cores busy in this process."""
    batch: float = 0.0
    """Frames a batch, on average."""
    latency_ms: dict[str, float] = field(default_factory=dict)
    """From a packet's arrival to its JPEG (or to the tracker): p50, p95, p99."""
    gpu_gb: float = 0.0
    camera_mb: float = 0.0
    """GPU memory that a camera takes: decoder and its share of drawing and encoding."""
    drops: dict[str, int] = field(default_factory=dict)
    stages_ms: dict[str, tuple[float, float]] = field(default_factory=dict)
    """p50 and p95 of a batch in each stage."""

    def line(self) -> str:
        latency = " ".join(f"{name} {value:6.1f}" for name, value in self.latency_ms.items())
        stages = " ".join(f"{name} {p50:.1f}/{p95:.1f}" for name, (p50, p95) in self.stages_ms.items())
        return (
            f"{self.name:42s} {self.fps:8.0f} fps {self.cores:5.2f} cores {self.batch:5.1f} a batch"
            f" {self.gpu_gb:5.1f} GB {self.camera_mb:4.0f} MB a camera"
            f"  {latency}  {stages}  {self.drops or ''}"
        )
