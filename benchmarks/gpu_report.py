"""All that a machine with NVIDIA GPUs is to show, in one go and within minutes: tests, then figures.

    python benchmarks/gpu_report.py FOLDER [--minutes 8.5] [--only NAME ...] [--dry-run]

Makes a 1080p clip each of H.264 and H.265, runs the tests that need a GPU (with two GPUs also those of a
worker on each), then benchmarks/gpu.py for YOLO11s, n and m, a hundred paced cameras in two to four workers,
with NVIDIA's MPS and cameras read apart, and without. What each step printed is in FOLDER/NAME.log; steps for
which there is no time are left out, and that is said.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

HERE = Path(__file__).parent
WIDTH, HEIGHT, FRAMES, BIT_RATE = 1920, 1080, 150, 4_500_000
TESTS = ("tests/gpu", "tests/devices", "tests/runtimes/fused", "tests/runtimes/translated")
CODECS = {"h264": "libx264", "h265": "libx265"}


@dataclass(frozen=True)
class Step:
    name: str
    arguments: tuple[str, ...]
    seconds: float
    """It takes about so long; after twice that it is stopped."""
    cores: str = ""
    """CAMWIRE_CORES, where each process's threads are to keep to few."""


def pytest(name: str, seconds: float, *arguments: str) -> Step:
    return Step(name, ("-m", "pytest", "-q", "-m", "gpu", "-rfEs", *arguments), seconds)


def measure(name: str, seconds: float, clips: list[Path], *arguments: str) -> Step:
    return Step(name, (str(HERE / "gpu.py"), *map(str, clips), *arguments, "--seconds", "4"), seconds)


def shared(workers: int, clip: Path, *options: str, name: str = "", scales: tuple[str, ...] = ("s",)) -> Step:
    """All there is, in several workers: as fast as it goes, and a hundred cameras at their own pace."""
    paced = "--cameras", "32", "--paced", str(100 // workers), "--processes", str(workers), "--no-stages"
    kinds = "--scales", *scales, "--compile", "--kinds", "track", "all"
    return measure(f"workers-{workers}{name}", 100 * len(scales), [clip], *kinds, *paced, *options)


def steps(clips: Path) -> list[Step]:
    """The most important first. ``clips``: the folder that they are in."""
    h264, h265 = (clips / f"{name}.mp4" for name in CODECS)
    return [
        pytest("tests", 240, *TESTS, "--ignore=tests/gpu/test_product.py"),
        measure("s", 170, [h264], "--scales", "s", "--compile"),
        *(shared(workers, h264, "--mps", "--apart", "16", name="-mps") for workers in (4, 3, 2)),
        shared(3, h265, "--mps", "--apart", "16", name="-mps-h265"),
        *(shared(workers, h264) for workers in (2, 4)),
        replace(shared(4, h264, name="-few-cores"), cores="4"),
        measure("h265", 80, [h265], "--scales", "s", "--compile", "--no-stages"),
        measure("decoders", 20, [h264], "--decode-only", "14", "--processes", "3"),
        shared(3, h264, "--mps", "--apart", "16", name="-n-and-m", scales=("n", "m")),
        pytest("product", 60, "tests/gpu/test_product.py"),
        Step("hundred-cameras", (str(HERE / "gpu_product.py"), str(h264)), 240),
        Step("formats", (str(HERE / "gpu_formats.py"),), 150),
        measure("s-plain", 40, [h264], "--scales", "s", "--kinds", "detect", "all"),
    ]  # fmt: skip


def make_clip(path: Path, codec: str) -> None:
    """A textured picture that a camera pans over, with noise on it."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (HEIGHT // 40 + 2, WIDTH // 40 + FRAMES // 5 + 2, 3), np.uint8)
    ground = coarse.repeat(40, axis=0).repeat(40, axis=1)
    noise = rng.integers(0, 24, (8, HEIGHT, WIDTH, 1), np.uint8)
    with av.open(str(path), "w") as writer:
        options = {"preset": "veryfast", "bf": "0"}
        if codec == "libx265":
            options = {"preset": "ultrafast", "x265-params": "log-level=none:bframes=0"}
        video = writer.add_stream(codec, rate=Fraction(30), options=options)
        video.width, video.height, video.pix_fmt, video.bit_rate = WIDTH, HEIGHT, "yuv420p", BIT_RATE
        for number in range(FRAMES):
            left = number * 8
            picture = ground[:HEIGHT, left : left + WIDTH] // 2 + noise[number % len(noise)]
            writer.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        writer.mux(video.encode(None))


def run(step: Step, folder: Path, left: float) -> str:
    """Run a step for ``left`` seconds at most; returns how it went."""
    begin = time.monotonic()
    with (folder / f"{step.name}.log").open("w") as log:
        try:
            done = subprocess.run(
                [sys.executable, *step.arguments],
                cwd=HERE.parent,
                env=os.environ | ({"CAMWIRE_CORES": step.cores} if step.cores else {}),
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=min(left, 2 * step.seconds),
                check=False,
            )
            how = f"status {done.returncode}"
        except subprocess.TimeoutExpired:
            how = "stopped, it took too long"
    return f"{how} after {time.monotonic() - begin:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=8.5)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of the steps: tests, s, n-and-m, …")
    parser.add_argument("--dry-run", action="store_true", help="say what would be run")
    arguments = parser.parse_args()
    deadline = time.monotonic() + arguments.minutes * 60
    with tempfile.TemporaryDirectory() as clips:
        chosen = [s for s in steps(Path(clips)) if arguments.only is None or s.name in arguments.only]
        if arguments.dry_run:
            print("\n".join(f"{step.seconds:4.0f} s  python {' '.join(step.arguments)}" for step in chosen))
            return
        arguments.folder.mkdir(parents=True, exist_ok=True)
        for name, codec in CODECS.items():
            if any("gpu.py" in step.arguments[0] for step in chosen):
                make_clip(Path(clips) / f"{name}.mp4", codec)
        for step in chosen:
            report(step, arguments.folder, deadline - time.monotonic())


def report(step: Step, folder: Path, left: float) -> None:
    """Run a step if there is time for it, and print the end of what it said."""
    if left < min(step.seconds, 30):
        print(f"== {step.name}: left out, {left:.0f} s are left", flush=True)
        return
    how = run(step, folder, left)
    lines = (folder / f"{step.name}.log").read_text(errors="replace").splitlines()
    print(f"== {step.name}: {how}", *lines[-25:], sep="\n", flush=True)


if __name__ == "__main__":
    main()
