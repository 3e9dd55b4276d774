"""What each kernel takes of the GPU's time, for a batch: detection, drawing by layer, JPEG.

    python benchmarks/gpu_kernels.py CLIP [--scale s] [--compile] [--batches 20]

Times are the driver's own (CUPTI, through PyTorch's profiler), so neither Python nor waiting is in them. The
scene is that of benchmarks/gpu.py: a hundred objects a frame that move, with traces of thirty points, and two
rules: a zone and a line.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from camwire.devices.contracts import Overlay
from camwire.frames import Batch, Size, Tracks
from camwire.link.desired import DesiredTracker
from camwire.tracking import create as create_tracker
from gpu_parts import BOUND, DEVICE, NAMES, GpuDetector, detector_for, drifting, torch
from gpu_pipeline import RULES
from gpu_stages import sample_batch

TRACE = 30
OWN = ("preprocess_", "best_classes_", "suppress_", "mask_rasters_", "draw", "prepare_", "jpeg_", "Memset")
"""What camwire's kernels' names begin with, and what the tables of marks are cleared by."""
DRAWN = (
    (),
    ("boxes",),
    ("labels",),
    ("traces",),
    ("boxes", "labels", "traces"),
    ("zones", "lines"),
    ("boxes", "labels", "traces", "zones", "lines"),
)
"""Toggles that are on together."""


def profiled(work: Callable[[], object], batches: int) -> dict[str, tuple[float, float]]:
    """Of each kernel: microseconds of GPU time, and calls, a batch."""
    work()
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        for _ in range(batches):
            work()
        torch.cuda.synchronize()
    rows = profile.key_averages()
    return {row.key: (row.self_device_time_total / batches, row.count / batches) for row in rows}


def followed(batch: Batch, detector: GpuDetector) -> Tracks:
    """What a tracker says of the batch after ``TRACE`` frames of motion."""
    tracker = create_tracker(DesiredTracker(type="bytetrack", trace_length=TRACE))
    moved, tracks = drifting(detector), Tracks.empty()
    for number in range(TRACE + 2):
        now = number / 30
        frames = tuple(replace(frame, sequence=number, time=now) for frame in batch.frames)
        later = Batch(number, frames, now)
        tracks = tracker.step(later, moved(later))
    return tracks


def tell(name: str, kernels: dict[str, tuple[float, float]], frames: int, most: int = 4) -> None:
    total = sum(time for time, _ in kernels.values())
    count = sum(calls for _, calls in kernels.values())
    print(f"{name}: {total:.0f} µs a batch, {total / frames:.1f} a frame, {count:.0f} kernels and copies")
    own = {key: value for key, value in kernels.items() if key.startswith(OWN)}
    longest = sorted(kernels.items(), key=lambda one: -one[1][0])[:most]
    for key, (time, calls) in (dict(longest) | own).items():
        print(f"    {time:8.1f} µs in {calls:5.1f} calls  {key[:90]}")


def measure(detector: GpuDetector, clip: Path, batches: int) -> None:
    batch = sample_batch(clip, DEVICE.batch_size)
    everything, frames = range(len(batch)), len(batch)
    tell("detect", profiled(lambda: detector(batch), batches), frames)
    tracks = followed(batch, detector)
    for toggles in DRAWN:
        overlay = Overlay(frozenset(toggles), NAMES, tuple(RULES), bound=BOUND)
        found = profiled(lambda o=overlay: DEVICE.render(batch, everything, tracks, o), batches)
        tell(f"draw {len(tracks) / frames:.0f} objects, {' '.join(toggles) or 'nothing'}", found, frames)
    pictures = DEVICE.render(batch, everything, tracks, overlay)
    tell("JPEG", profiled(lambda: DEVICE.encode(pictures, 85), batches), frames)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--scale", default="s")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--batches", type=int, default=20)
    arguments = parser.parse_args()
    detector = detector_for(arguments.scale, Size(640, 640), 1, arguments.compile)
    measure(detector, arguments.clip, arguments.batches)


if __name__ == "__main__":
    main()
