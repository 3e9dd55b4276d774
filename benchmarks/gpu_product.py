"""A hundred cameras through the whole product on one GPU: `camwire run`, its statistics and one client.

    python benchmarks/gpu_product.py CLIP [--cameras 100] [--watched 9] [--seconds 20] [--model FILE]

Without --model, YOLO11s with random weights and a crowd of about a hundred objects in its output is exported
for PyTorch first. All cameras have a zone and a line; the client watches some of them at full size. Printed
are the sums of what the statistics say, second by second, and the latencies of watched cameras, from a
picture's last packet to the worker's hand-over (`total`) and to the client's socket (`socket`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.product import Product, camwire, write_config

from clips import repeated

RULES = [
    {
        "type": "zone",
        "name": "yard",
        "polygon": [[0.1, 0.3], [0.5, 0.3], [0.5, 0.8], [0.3, 0.5], [0.1, 0.8]],
    },
    {"type": "line", "name": "door", "start": [0.1, 0.5], "end": [0.9, 0.55]},
]
PATIENCE = 400
"""Seconds until every camera is live: compiling the network takes minutes the first time."""
RATE = 30
BEGINS = 5
"""Keyframes of the clip with which cameras begin."""
CLASSES = 80


def export(target: Path) -> None:
    """YOLO11s with its crowd for PyTorch, for any number of pictures.

    In a process of its own: what is imported here opens the GPU, which the benchmark leaves to camwire.
    """
    from gpu_parts import Crowded, Size, Yolo11, torch

    module = Crowded(Yolo11("s"), Size(640, 640)).eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(module, (torch.rand(2, 3, 640, 640),), dynamic_shapes=({0: batch},))
    torch.export.save(program, target)


async def follow(product: Product, watched: list[str], seconds: float) -> tuple[list[dict[str, Any]], float]:
    """The statistics of ``seconds`` when every camera is live, and how many cores were busy meanwhile."""
    async with connect(product.socket_url, max_size=None, compression=None) as socket:
        await socket.send(json.dumps({"type": "subscribe", "cameras": watched}))
        began, live, told = time.monotonic(), None, 0.0
        taken: list[dict[str, Any]] = []
        while live is None or time.monotonic() < live + seconds:
            message = await socket.recv()
            if isinstance(message, bytes) or '"stats"' not in message[:30]:
                continue
            cameras = json.loads(message)["cameras"].values()
            if live is None:
                states = [camera["state"] for camera in cameras]
                if time.monotonic() > told + 20:
                    told = time.monotonic()
                    print(f"{told - began:.0f} s: {states.count('live')} of {len(states)} live", flush=True)
                if all(state == "live" for state in states) and states:
                    # Statistics look ten seconds back.
                    live, busy = time.monotonic() + 12, None
                elif time.monotonic() > began + PATIENCE:
                    raise SystemExit("not every camera is live:\n" + product.text[-4000:])
            elif time.monotonic() > live:
                busy = busy or (time.monotonic(), processor_time(product))
                taken.append({"cameras": list(cameras)})
        assert busy is not None
        return taken, (processor_time(product) - busy[1]) / (time.monotonic() - busy[0])


def processor_time(product: Product) -> float:
    """Seconds of all its processes so far."""
    return sum(sum(one.cpu_times()[:2]) for one in product.family())


def show(taken: list[dict[str, Any]], cores: float) -> None:
    every = [camera for one in taken for camera in one["cameras"]]
    per_second = [sum(camera["fps"]["processed"] for camera in one["cameras"]) for one in taken]
    out = statistics.median(sum(camera["fps"]["output"] for camera in one["cameras"]) for one in taken)
    print(f"processed {statistics.median(per_second):.0f} a second,", end=" ")
    print(f"{min(per_second):.0f} to {max(per_second):.0f}; drawn and sent {out:.0f}; {cores:.1f} cores busy")
    first, last = taken[0]["cameras"], taken[-1]["cameras"]
    drops: dict[str, int] = {}
    for before, after in zip(first, last, strict=True):
        for cause, number in after["drops"].items():
            drops[cause] = drops.get(cause, 0) + number - before["drops"].get(cause, 0)
    print(f"  not sent: { {cause: number for cause, number in drops.items() if number} }")
    for stage in sorted({stage for camera in every for stage in camera["latency_ms"]}):
        known = [camera["latency_ms"][stage] for camera in every if stage in camera["latency_ms"]]
        p50, p95 = (statistics.median(one[key] for one in known) for key in ("p50", "p95"))
        worst = max(one["p95"] for one in known)
        print(f"  {stage}: p50 {p50:.1f} ms, p95 {p95:.1f} ms (the worst camera's {worst:.1f})")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--cameras", type=int, default=100)
    parser.add_argument("--watched", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--export", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.export:
        export(options.export)
        return
    names = [f"camera-{number}" for number in range(options.cameras)]
    with tempfile.TemporaryDirectory() as folder:
        model: dict[str, Any] = {"file": str(options.model)} if options.model else {}
        if not options.model and options.device != "cpu":
            file, labels = Path(folder) / "yolo11s.pt2", Path(folder) / "names.txt"
            labels.write_text("\n".join(f"class {number}" for number in range(CLASSES)))
            subprocess.run([sys.executable, __file__, "-", "--export", str(file)], check=True)
            model = {"file": str(file), "labels": str(labels)}
        # Cameras' keyframes don't come at once.
        long = [repeated(options.clip, Path(folder), 6000, RATE, first) for first in range(BEGINS)]
        config = write_config(
            Path(folder),
            [{"id": name, "url": str(long[number % BEGINS])} for number, name in enumerate(names)],
            device=options.device,
            rules=RULES,
            **({"model": model} if model else {}),
        )
        with camwire("run", str(config)) as product:
            show(*asyncio.run(follow(product, names[: options.watched], options.seconds)))
            print("".join(line for line in product.output if "share" in line or "worker" in line)[:3000])


if __name__ == "__main__":
    main()
