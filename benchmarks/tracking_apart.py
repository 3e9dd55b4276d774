"""What a tracker's step takes in this process and in one of its own, alone and beside busy threads.

    .venv/bin/python benchmarks/tracking_apart.py

The threads stand for a GPU worker's cameras: each wakes so many times a second and runs a bit of Python, for
which it needs the interpreter's lock. Steps are of ByteTrack over 32 cameras × 102 boxes unless told
otherwise; the kinds take turns, and each figure is the median over all rounds. `woken` is how often the
threads came to run, of which less than was asked for means that they waited for the interpreter.
"""

from __future__ import annotations

import argparse
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from camwire.frames import Batch, Detections, Frame, Size
from camwire.link.desired import DesiredTracker
from camwire.tracking import Tracker, apart, create

SIZE = Size(1280, 720)
FPS = 25.0


class Scene:
    """Boxes that wander over each camera's picture, a fifth of them weakly detected; without an end."""

    def __init__(self, cameras: int, objects: int) -> None:
        self._random = np.random.default_rng(0)
        shape = cameras * objects, 2
        self._place = self._random.uniform([50, 50], [1200, 650], shape)
        self._speed = self._random.normal(0, 30, shape)
        self._half = self._random.uniform([15, 30], [30, 75], shape)
        self._names = [f"camera-{number}" for number in range(cameras)]
        self._frame_index = np.repeat(np.arange(cameras, dtype=np.int32), objects)

    def at(self, step: int) -> tuple[Batch, Detections]:
        now, count = step / FPS, len(self._place)
        swing = np.sin(now / 5) * 5
        centre = self._place + self._speed * swing + self._random.normal(0, 1, self._place.shape)
        strong = self._random.random(count) < 0.8
        scores = np.where(strong, 0.9, self._random.uniform(0.3, 1, count))
        frames = (Frame(name, step, 0, None, SIZE, SIZE, now, now, now, now) for name in self._names)
        found = Detections(
            np.concatenate((centre - self._half, centre + self._half), 1).astype(np.float32),
            scores.astype(np.float32),
            np.zeros(count, np.int32),
            self._frame_index,
        )
        return Batch(step, tuple(frames), now), found


class Cameras:
    """Threads that wake ``rate`` times a second together and run ``burst`` seconds of Python each time."""

    def __init__(self, threads: int, rate: float, burst: float) -> None:
        self._pause = threads / rate
        self._loops = loops_in(burst)
        self._stop = threading.Event()
        self._woken = [0] * threads
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(threads)]

    @property
    def woken(self) -> int:
        return sum(self._woken)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        yield
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        due = time.monotonic() + self._pause * number / len(self._threads)
        while not self._stop.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + self._pause, time.monotonic())  # what comes too late is left out
            self._woken[number] += 1
            busy(self._loops)


def busy(loops: int) -> int:
    total = 0
    for number in range(loops):
        total += number
    return total


def loops_in(seconds: float) -> int:
    begin = time.thread_time()
    busy(1_000_000)
    return int(1_000_000 * seconds / (time.thread_time() - begin))


def steps_ms(tracker: Tracker, scene: Scene, numbers: Iterator[int], count: int, pause: float) -> list[float]:
    spent = []
    for number in itertools.islice(numbers, count):
        batch, found = scene.at(number)
        time.sleep(pause)
        begin = time.perf_counter()
        tracker.step(batch, found)
        spent.append(1000 * (time.perf_counter() - begin))
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracker", default="bytetrack")
    parser.add_argument("--cameras", type=int, default=32, help="frames in a batch")
    parser.add_argument("--objects", type=int, default=102, help="boxes in a frame")
    parser.add_argument("--threads", type=int, default=48)
    parser.add_argument("--rates", type=float, nargs="+", default=[1500, 3000], help="wakes a second")
    parser.add_argument("--burst-us", type=float, default=100, help="Python's part in each wake")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30, help="of each kind in a round")
    parser.add_argument("--pause-ms", type=float, default=5, help="between steps")
    options = parser.parse_args()

    choice = DesiredTracker(type=options.tracker, trace_length=30)
    trackers: dict[str, Tracker] = {"here": create(choice), "apart": apart.create(choice)}
    scene = Scene(options.cameras, options.objects)
    numbers = {name: itertools.count() for name in trackers}
    spent: dict[tuple[float, str], list[float]] = {}
    woken: dict[tuple[float, str], list[float]] = {}
    for _, rate in itertools.product(range(options.rounds), (0.0, *options.rates)):
        for name, tracker in trackers.items():
            cameras = Cameras(options.threads if rate else 0, rate or 1.0, options.burst_us / 1e6)
            with cameras.at_work():
                steps_ms(tracker, scene, numbers[name], 3, 0.0)
                begin, before = time.monotonic(), cameras.woken
                times = steps_ms(tracker, scene, numbers[name], options.steps, options.pause_ms / 1000)
                rate_woken = (cameras.woken - before) / (time.monotonic() - begin)
            spent.setdefault((rate, name), []).extend(times)
            woken.setdefault((rate, name), []).append(rate_woken)
    print("wakes/s  tracker  step, ms: p50  p95     woken/s")
    for (rate, name), times in spent.items():
        p50, p95 = np.percentile(times, (50, 95))
        print(f"{rate:7.0f}  {name:7}  {p50:13.2f}  {p95:6.2f}  {np.median(woken[rate, name]):7.0f}")
    trackers["apart"].close()


if __name__ == "__main__":
    main()
