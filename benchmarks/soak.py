"""Does anything grow? The product runs for long; memory, descriptors, threads and latency are sampled.

Three parts, one after the other, in one run of `camwire run`: everything streams; one camera is away and is
tried again and again; clients come and go beside one that stays. For each, server and worker, a straight line
is fitted through what was sampled, and its slope is printed with its 95 % confidence interval: what does not
grow has an interval with 0 in it, or one that is no matter.

    python benchmarks/soak.py                         # 10 minutes
    python benchmarks/soak.py --hours 24 --clients 10000

Samples that follow each other are alike, which would make intervals too narrow: each part is cut into blocks,
and the line goes through their means. The first fifth of each part is left out: caches fill.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from scipy import stats
from websockets.asyncio.client import connect

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.models.files import save_dynamic
from tests.support.film import film
from tests.support.product import Product, camwire, write_config
from tests.support.rtp_camera import RtpCamera

EVERY = 1.0
"""Seconds between two samples."""
BLOCKS = 12
WARM_UP = 0.2
PARTS = ("streaming", "a camera away", "clients come and go")
UNITS = {"rss": "MB", "descriptors": "", "threads": "", "p95": "ms"}
"""What is sampled; slopes are in these an hour."""


@dataclass
class Samples:
    """By part, process and quantity: times and values."""

    values: dict[tuple[str, str, str], list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    part: str = PARTS[0]

    def add(self, process: str, quantity: str, value: float) -> None:
        self.values[self.part, process, quantity].append((time.monotonic(), value))


@dataclass(frozen=True)
class Line:
    first: float
    last: float
    """Means of the first and the last block."""
    slope: float
    margin: float
    """An hour; the margin is 0 where nothing ever changed."""


def fitted(samples: list[tuple[float, float]]) -> Line:
    table = np.array(samples)
    kept = table[int(len(table) * WARM_UP) :]
    blocks = [block.mean(axis=0) for block in np.array_split(kept, min(BLOCKS, len(kept)))]
    times, values = np.array(blocks).T
    line = stats.linregress(times / 3600, values)
    margin = stats.t.ppf(0.975, len(blocks) - 2) * line.stderr
    return Line(values[0], values[-1], line.slope, 0.0 if np.ptp(values) == 0 else margin)


async def sample(product: Product, samples: Samples) -> None:
    """For ever."""
    processes = {"server": psutil.Process(product.process.pid), "worker": product.worker()}
    while True:
        for name, process in processes.items():
            with process.oneshot():
                samples.add(name, "rss", process.memory_info().rss / 1e6)
                samples.add(name, "descriptors", process.num_fds())
                samples.add(name, "threads", process.num_threads())
        await asyncio.sleep(EVERY)


async def watch(product: Product, samples: Samples, books: list[dict]) -> None:
    """The client that stays; for ever."""
    async with connect(product.socket_url, max_size=None, compression=None) as socket:
        while True:
            message = await socket.recv()
            if isinstance(message, bytes) or '"stats"' not in message[:30]:
                continue
            cameras = json.loads(message)["cameras"]
            books.append(cameras)
            for name in ("well 1", "well 2"):
                if latency := cameras[name]["latency_ms"].get("socket"):
                    samples.add("client", "p95", latency["p95"])


async def come_and_go(product: Product, clients: int, seconds: float) -> int:
    """Connect, take a few messages, go; half of them without a word. Returns how many did."""
    began, count = time.monotonic(), 0
    while count < clients:
        async with connect(product.socket_url, max_size=None, compression=None) as socket:
            for _ in range(4):
                await socket.recv()
            if count % 2:
                socket.transport.abort()
        count += 1
        await asyncio.sleep(max(0.0, began + seconds * count / clients - time.monotonic()))
        if time.monotonic() > began + seconds * 1.5:
            break
    return count


async def soak(
    product: Product, away: RtpCamera, seconds: float, clients: int
) -> tuple[Samples, int, list[dict]]:
    samples, books = Samples(), []
    product.worker()
    await asyncio.sleep(10)
    tasks = [
        asyncio.create_task(sample(product, samples)),
        asyncio.create_task(watch(product, samples, books)),
    ]
    try:
        await asyncio.sleep(seconds)
        samples.part = PARTS[1]
        away.kill()
        await asyncio.sleep(seconds)
        away.start()
        await asyncio.sleep(6)
        samples.part = PARTS[2]
        came = await come_and_go(product, clients, seconds)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if not isinstance(result, asyncio.CancelledError):
            raise result
    return samples, came, books


def unexplained(books: list[dict]) -> int:
    """The most frames of a camera that were at any time neither out nor dropped by a cause."""
    return max(
        camera["frames"]["in"] - camera["frames"]["out"] - sum(camera["drops"].values())
        for cameras in books
        for camera in cameras.values()
    )


def show(samples: Samples) -> None:
    print("| part | of | what | first | last | an hour |\n|---|---|---|---|---|---|")
    for (part, process, quantity), values in samples.values.items():
        line = fitted(values)
        unit = UNITS[quantity]
        print(
            f"| {part} | {process} | {quantity} {unit} | {line.first:.1f} | {line.last:.1f} "
            f"| {line.slope:+.1f} ± {line.margin:.1f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=10.0)
    length.add_argument("--hours", type=float)
    parser.add_argument("--clients", type=int, default=300, help="that come and go")
    parser.add_argument("--fps", type=float, default=10.0, help="of each of the three cameras")
    parser.add_argument(
        "--light", action="store_true", help="a tiny network: the machine has other work, too"
    )
    options = parser.parse_args()
    seconds = (options.hours * 60 if options.hours else options.minutes) * 60 / len(PARTS)
    shown = film(width=640, height=360, frames=100, gop=50)
    with (
        tempfile.TemporaryDirectory() as folder,
        RtpCamera(shown, fps=options.fps) as one,
        RtpCamera(shown, fps=options.fps) as two,
        RtpCamera(shown, fps=options.fps) as away,
    ):
        cameras = {"well 1": one, "well 2": two, "away": away}
        model = {"file": str(save_dynamic(Path(folder) / "tiny.onnx")), "input_size": "96x64"}
        config = write_config(
            Path(folder),
            [{"id": name, "url": camera.url()} for name, camera in cameras.items()],
            **({"model": model} if options.light else {}),
        )
        with camwire("run", str(config)) as product:
            samples, came, books = asyncio.run(soak(product, away, seconds, options.clients))
            status = product.interrupt()
    machine = f"{platform.machine()}, {psutil.cpu_count()} cores"
    print(f"{machine}, {seconds:.0f} s a part, {came} clients came and went")
    show(samples)
    print(f"frames under way at most: {unexplained(books)}; exit status {status}")


if __name__ == "__main__":
    main()
