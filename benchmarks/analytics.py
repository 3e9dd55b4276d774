"""How long the rules take: many cameras in one batch, and DeepStream's rules frame by frame.

Prints a table, or JSON with `--json`. CPU time of this process, so that a busy machine disturbs little.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from camwire.analytics.nvdsanalytics.engine import NvdsAnalytics
from camwire.analytics.nvdsanalytics.history import TrackedObject
from camwire.analytics.nvdsanalytics.load import parse
from camwire.analytics.rules import RuleEngine
from camwire.config.rules import DirectionRule, HeatmapRule, LineRule, Rule, SpeedRule, ZoneRule
from camwire.frames import Batch, Frame, Size, Tracks

SIZE = Size(1280, 720)
RATE = 20.0
GOAL_MS = 3.0

NVDSANALYTICS = """
[property]
enable=1
config-width=1280
config-height=720
[roi-filtering-stream-0]
enable=1
roi-A=100;100;600;100;600;600;350;300;100;600
roi-B=700;100;1200;100;1200;600;700;600
[overcrowding-stream-0]
enable=1
object-threshold=5
roi-C=300;200;900;200;900;700;300;700
[direction-detection-stream-0]
enable=1
direction-East=100;100;200;100
direction-South=100;100;100;200
[line-crossing-stream-0]
enable=1
mode=balanced
extended=0
line-crossing-In=640;200;640;500;100;360;1200;360
line-crossing-Out=640;500;640;200;100;360;1200;360
line-crossing-Left=900;360;300;360;640;50;640;700
"""


def rules() -> list[Rule]:
    """Eight for every camera: three zones, two lines, and one of each other kind."""
    return [
        ZoneRule(
            type="zone",
            name="yard",
            loitering=10,
            polygon=((0.1, 0.1), (0.5, 0.1), (0.5, 0.8), (0.3, 0.4), (0.1, 0.8)),
        ),
        ZoneRule(
            type="zone", name="gate", polygon=((0.6, 0.2), (0.9, 0.2), (0.95, 0.7), (0.75, 0.9), (0.55, 0.7))
        ),
        ZoneRule(
            type="zone",
            name="hall",
            polygon=((0.2, 0.3), (0.8, 0.3), (0.8, 0.9), (0.2, 0.9)),
            overcrowding={"objects": 12, "seconds": 2},
        ),
        LineRule(type="line", name="door", start=(0.1, 0.5), end=(0.9, 0.55)),
        LineRule(type="line", name="fence", start=(0.5, 0.0), end=(0.45, 1.0), infinite=True),
        DirectionRule(type="direction", name="wrong way", start=(0.5, 0.9), end=(0.5, 0.1)),
        SpeedRule(type="speed", name="pace", limit=400, stopped_after=5),
        HeatmapRule(type="heatmap", name="map"),
    ]


class Crowd:
    """Objects that walk about in their pictures, a little unsteadily."""

    def __init__(self, cameras: int, objects: int, seed: int = 1) -> None:
        self.random = np.random.default_rng(seed)
        self.cameras, self.objects = cameras, objects
        count = cameras * objects
        self.place = self.random.uniform((0, 0), SIZE, (count, 2))
        self.speed = self.random.normal(0, 60, (count, 2))
        self.ids = np.tile(np.arange(1, objects + 1), cameras)
        self.index = np.repeat(np.arange(cameras, dtype=np.int32), objects)
        self.ticket = 0

    def step(self) -> tuple[Batch, Tracks]:
        self.ticket += 1
        self.place += self.speed / RATE
        for axis, side in enumerate(SIZE):
            outside = (self.place[:, axis] < 0) | (self.place[:, axis] > side)
            self.speed[outside, axis] *= -1
        feet = self.place + self.random.normal(0, 1, self.place.shape)
        boxes = np.column_stack((feet - np.array((20, 100)), feet + np.array((20, 0)))).astype(np.float32)
        now = self.ticket / RATE
        frames = tuple(
            Frame(f"cam{n}", self.ticket, 0, None, SIZE, SIZE, now, now, now, now)
            for n in range(self.cameras)
        )
        count = len(boxes)
        tracks = Tracks(
            boxes=boxes,
            scores=np.full(count, 0.8, np.float32),
            classes=np.zeros(count, np.int32),
            ids=self.ids,
            frame_index=self.index,
            detections=np.arange(count, dtype=np.int32),
            ages=np.full(count, self.ticket, np.int32),
            velocities=self.speed.astype(np.float32),
            traces=np.empty((count, 0, 2), np.float32),
        )
        return Batch(self.ticket, frames, now), tracks


def timed(action: Callable[[], Any]) -> float:
    """Milliseconds of CPU time."""
    begun = time.process_time_ns()
    action()
    return (time.process_time_ns() - begun) / 1e6


def measure_rules(cameras: int, objects: int, steps: int) -> dict[str, float]:
    engine, crowd = RuleEngine(rules(), ["person"]), Crowd(cameras, objects)
    events = 0
    taken = []
    for _ in range(steps):
        batch, tracks = crowd.step()
        result = None

        def step(batch: Batch = batch, tracks: Tracks = tracks) -> None:
            nonlocal result
            result = engine.step(batch, tracks)

        taken.append(timed(step))
        events += len(result.events) if result is not None else 0
    settled = taken[steps // 5 :]
    return {
        "cameras": cameras,
        "objects": objects,
        "p50_ms": statistics.median(settled),
        "p95_ms": statistics.quantiles(settled, n=20)[-1],
        "events_per_step": events / steps,
    }


def measure_nvdsanalytics(objects: int, steps: int) -> dict[str, float]:
    settings = parse(NVDSANALYTICS, "ini", "benchmark").settings
    engine, crowd = NvdsAnalytics(settings), Crowd(1, objects)
    taken = []
    for step in range(steps):
        _, tracks = crowd.step()
        lefts, sizes = tracks.boxes[:, :2], tracks.boxes[:, 2:] - tracks.boxes[:, :2]
        items = [
            TrackedObject(int(i), 0, *left.tolist(), *size.tolist())
            for i, left, size in zip(tracks.ids, lefts, sizes, strict=True)
        ]
        taken.append(timed(lambda items=items, step=step: engine.process(0, SIZE, step * 50_000_000, items)))
    settled = taken[steps // 5 :]
    return {
        "objects": objects,
        "p50_ms": statistics.median(settled),
        "us_per_object": 1000 * statistics.median(settled) / objects,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    own = [measure_rules(cameras, 20, arguments.steps) for cameras in (1, 16, 64)]
    deepstream = [measure_nvdsanalytics(objects, arguments.steps) for objects in (5, 20)]
    if arguments.json:
        print(json.dumps({"rules": own, "nvdsanalytics": deepstream}))
        return
    print("camwire's rules, 8 a camera, one batched step (CPU time)")
    print(f"{'cameras':>8}{'objects':>9}{'p50 ms':>9}{'p95 ms':>9}{'events':>9}")
    for row in own:
        print(
            f"{row['cameras']:>8}{row['objects']:>9}{row['p50_ms']:>9.2f}{row['p95_ms']:>9.2f}{row['events_per_step']:>9.2f}"
        )
    print(f"goal at 64 cameras: {GOAL_MS} ms\n\nDeepStream's rules, 8 entries, one frame (CPU time)")
    print(f"{'objects':>8}{'p50 ms':>9}{'µs each':>9}")
    for row in deepstream:
        print(f"{row['objects']:>8}{row['p50_ms']:>9.3f}{row['us_per_object']:>9.1f}")


if __name__ == "__main__":
    main()
