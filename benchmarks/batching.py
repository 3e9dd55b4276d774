"""What the batch policy makes of cameras at 30 pictures a second, by simulation: batches a second, frames in
one, and how long a frame waits for company, by the sizes of batches that the network is made for.

    python benchmarks/batching.py --cameras 25 --batch-ms 1.5 --frame-ms 0.25
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from statistics import mean, quantiles

from camwire.devices.cuda.detect import batch_sizes
from camwire.pipeline.engine import MAX_WAIT
from camwire.pipeline.policy import BatchPolicy

RATE, SECONDS = 30, 60
JITTER = 0.004
"""Seconds, standard deviation of a picture's delay."""
LARGEST, LANES = 32, 2
SIZES = {"powers": batch_sizes(LARGEST), "quarters": [1, 8, 16, 32], "now": batch_sizes(LARGEST, few=True)}
"""Networks that aren't compiled have the first; compiled ones had the second, and have the last."""


def arrivals(cameras: int) -> list[tuple[float, str]]:
    source = random.Random(0)
    found = []
    for camera in range(cameras):
        phase = source.random() / RATE
        for number in range(RATE * SECONDS):
            delay = abs(source.gauss(0, JITTER))
            found.append((phase + number / RATE + delay, f"camera {camera}"))
    return sorted(found)


def simulated(
    coming: Sequence[tuple[float, str]], cameras: int, sizes: Sequence[int], batch: float, frame: float
) -> tuple[list[int], list[float]]:
    """Frames in each batch, and seconds that each frame waited. A batch takes ``batch`` seconds and ``frame``
    for each frame of the size above; ``LANES`` may be under way, one behind the other."""
    policy = BatchPolicy(LARGEST, MAX_WAIT)
    waiting: dict[str, float] = {}
    taken, waits = [], []
    ends = [0.0] * LANES
    now, place = 0.0, 0
    while place < len(coming) or waiting:
        now = max(now, min(ends))
        while True:
            while place < len(coming) and coming[place][0] <= now:
                waiting.setdefault(coming[place][1], coming[place][0])
                place += 1
            pause = policy.seconds_until_due(waiting, policy.enough(cameras), now)
            if pause <= 0:
                break
            following = coming[place][0] if place < len(coming) else now + pause
            now = min(now + pause, following) + 1e-9
        chosen = policy.chosen(waiting, sizes)
        waits += [now - waiting.pop(camera) for camera in chosen]
        taken.append(len(chosen))
        size = next(size for size in sizes if size >= len(chosen))
        ends[ends.index(min(ends))] = max(now, *ends) + batch + frame * size
    return taken, waits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cameras", type=int, default=25)
    parser.add_argument("--batch-ms", type=float, default=1.5)
    parser.add_argument("--frame-ms", type=float, default=0.25)
    given = parser.parse_args()
    coming = arrivals(given.cameras)
    for name, sizes in SIZES.items():
        taken, waits = simulated(coming, given.cameras, sizes, given.batch_ms / 1000, given.frame_ms / 1000)
        cuts = quantiles(waits, n=20)
        print(
            f"{name:9} {len(taken) / SECONDS:4.0f} batches a second of {mean(taken):4.1f} frames, "
            f"waiting {1000 * cuts[9]:4.1f} ms (p50), {1000 * cuts[18]:4.1f} (p95)"
        )


if __name__ == "__main__":
    main()
