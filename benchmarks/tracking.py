"""How well and how fast the trackers follow: HOTA, MOTA, IDF1, id switches, and milliseconds an update.

    .venv/bin/python benchmarks/tracking.py --mot FOLDER --rivals-python RIVALS/bin/python

FOLDER holds sequences, either as NAME_det.txt and NAME_gt.txt or, as the MOTChallenge ships them, as
NAME/det/det.txt and NAME/gt/gt.txt. `--video NAME=FILE` gives a sequence its pictures, which `dcf` looks at.

Scores are TrackEval's; beside camwire's trackers run those of the same names from the package `trackers`,
on the same detections. Neither belongs into the product's environment (`trackers` brings a second build of
OpenCV):

    python3 -m venv RIVALS && RIVALS/bin/pip install trackers==2.6.1 trackeval==1.3.0

Times are CPU times of the tracking thread, medians over a made-up scene; camwire and rival take turns.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from camwire.config.tracker import TrackerConfig
from camwire.frames import Batch, Detections, Frame, Size
from camwire.sources import read_pictures
from camwire.tracking import Tracker, create, known, motchallenge

RIVALS = Path(__file__).with_name("tracking_rivals.py")
RIVAL_NAMES = ("bytetrack", "sort", "ocsort")
COLUMNS = ("HOTA", "MOTA", "IDF1", "switches", "false", "missed")
ROUNDS = 5
SCENE_STEPS = 300


@dataclass(frozen=True, slots=True)
class Sequence:
    """Detections, ground truth and, maybe, pictures of one video."""

    name: str
    detections: Path
    truth: Path
    video: Path | None


def sequences(folder: Path, videos: dict[str, Path]) -> list[Sequence]:
    found = [
        (f.name.removesuffix("_det.txt"), f, folder / f.name.replace("_det", "_gt"))
        for f in folder.glob("*_det.txt")
    ]
    found += [
        (f.parent.parent.name, f, f.parent.parent / "gt" / "gt.txt") for f in folder.glob("*/det/det.txt")
    ]
    return [Sequence(n, d, g, videos.get(n)) for n, d, g in sorted(found) if g.is_file()]


def ask(python: Path, **request: object) -> object:
    done = subprocess.run(
        [python, RIVALS], input=json.dumps(request), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{RIVALS.name}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout[done.stdout.index("@@") + 2 :])


def made(name: str, trace_length: int = 30) -> Tracker:
    return create(TrackerConfig.model_validate({"type": name, "trace_length": trace_length}))


def blank(camera: str, number: int, fps: float) -> Frame:
    size, now = Size(1280, 720), number / fps
    return Frame(camera, number, 0, None, size, size, now, now, now, now)


def follow(name: str, sequence: Sequence, fps: float, every: int, out: Path) -> None:
    """Write one tracker's result; the detections of every ``every``-th frame are used."""
    tracker = made(name)
    found = list(motchallenge.read(sequence.detections).detections())
    skipped = replace(Detections.empty(), detected=np.zeros(1, np.bool_))
    frames = (
        read_pictures(sequence.video) if sequence.video else (blank("a", n, fps) for n in range(len(found)))
    )
    with out.open("w") as file:
        for number, (frame, here) in enumerate(zip(frames, found, strict=False)):
            # Files differ in the time stamps that they give; the sequence's rate holds for all trackers.
            frame = replace(frame, time=number / fps)
            batch = Batch(number, (frame,), frame.arrived)
            motchallenge.write(
                file, number + 1, tracker.step(batch, here if number % every == 0 else skipped)
            )


def quality(
    sequence: Sequence, python: Path, fps: float, intervals: list[int], folder: Path
) -> list[dict[str, object]]:
    """A row of scores for each tracker and interval."""
    rows, results = [], []
    for every in intervals:
        for name in known():
            if sequence.video is None and name in ("dcf", "nvdcf_perf", "nvdcf_accuracy"):
                continue
            out = folder / f"{name}-{every}.txt"
            follow(name, sequence, fps, every, out)
            rows.append({"tracker": name, "detector": f"every {every}"})
            results.append(out)
    for name in RIVAL_NAMES:
        for rate in dict.fromkeys((fps, 30.0)):
            out = folder / f"rival-{name}-{rate:g}.txt"
            request = {"detections": str(sequence.detections), "fps": rate, "out": str(out)}
            ask(python, do="track", tracker=name, **request)
            rows.append({"tracker": f"trackers' {name}, frame_rate={rate:g}", "detector": "every 1"})
            results.append(out)
    scores = ask(python, do="score", truth=str(sequence.truth), results=list(map(str, results)))
    return [{**row, **score} for row, score in zip(rows, scores, strict=True)]


def scene(objects: int, path: Path) -> None:
    """Boxes that wander over 1280×720, a fifth of them weakly detected."""
    generator = np.random.default_rng(0)
    place = generator.uniform([50, 50], [1200, 650], (objects, 2))
    speed = generator.normal(0, 30, (objects, 2))
    half = generator.uniform([15, 30], [30, 75], (objects, 2))
    boxes, scores = [], []
    for step in range(SCENE_STEPS):
        centre = place + speed * step / 25 + generator.normal(0, 1, place.shape)
        boxes.append(np.concatenate((centre - half, centre + half), 1))
        scores.append(np.where(generator.random(objects) < 0.8, 0.9, generator.uniform(0.3, 1, objects)))
    np.savez(path, boxes=boxes, scores=scores)


def update_ms(name: str, path: Path, cameras: int = 1) -> float:
    """Median CPU milliseconds of a step over ``cameras`` copies of a scene."""
    content = np.load(path)
    tracker, spent = made(name), []
    for step, (boxes, scores) in enumerate(zip(content["boxes"], content["scores"], strict=True)):
        count = len(boxes)
        found = Detections(
            np.tile(boxes.astype(np.float32), (cameras, 1)),
            np.tile(scores.astype(np.float32), cameras),
            np.zeros(count * cameras, np.int32),
            np.repeat(np.arange(cameras, dtype=np.int32), count),
        )
        batch = Batch(step, tuple(blank(str(camera), step, 25.0) for camera in range(cameras)), 0.0)
        begun = time.thread_time()
        tracker.step(batch, found)
        spent.append(time.thread_time() - begun)
    return 1000 * float(np.median(spent[SCENE_STEPS // 4 :]))


def speed(python: Path, folder: Path) -> list[dict[str, object]]:
    rows = []
    for objects in (10, 50, 200):
        path = folder / f"scene-{objects}.npz"
        scene(objects, path)
        for name in RIVAL_NAMES:
            pairs = [
                (update_ms(name, path), ask(python, do="speed", tracker=name, scene=str(path))["ms"])
                for _ in range(ROUNDS)
            ]
            ours, theirs = np.median(pairs, axis=0)
            ratio = float(np.median([b / a for a, b in pairs]))
            rows.append(
                {
                    "tracker": name,
                    "objects": objects,
                    "camwire_ms": ours,
                    "trackers_ms": theirs,
                    "times": ratio,
                }
            )
    return rows


def memory(steps: int, folder: Path) -> dict[str, object]:
    """Python's and NumPy's memory after a tenth of the steps and at the end, 8 cameras × 20 objects."""
    path = folder / "scene-20.npz"
    scene(20, path)
    content = np.load(path)
    boxes, tracker = content["boxes"].astype(np.float32), made("bytetrack")
    tracemalloc.start()
    sizes = []
    for step in range(steps):
        # To and fro; now and then everything jumps, so that tracks end and begin.
        index = abs(step % (2 * SCENE_STEPS - 2) - (SCENE_STEPS - 1))
        shifted = np.tile(boxes[index] + (step // 500 % 7) * 90, (8, 1))
        found = Detections(
            shifted,
            np.full(160, 0.9, np.float32),
            np.zeros(160, np.int32),
            np.repeat(np.arange(8, dtype=np.int32), 20),
        )
        tracker.step(Batch(step, tuple(blank(str(c), step, 25.0) for c in range(8)), 0.0), found)
        if step + 1 in (steps // 10, steps):
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return {"steps": steps, "bytes_after_a_tenth": sizes[0], "bytes_at_the_end": sizes[-1]}


def table(rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    cells = [[f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(list(rows[0]), *cells, strict=True)]
    for line in [list(rows[0]), *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mot", type=Path, help="a folder of sequences; without one, only speed is measured")
    parser.add_argument("--video", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--fps", type=float, default=10.0, help="of the sequences (PETS09-S2L1: 10)")
    parser.add_argument("--every", type=int, nargs="+", default=[1, 5], help="intervals of the detector")
    parser.add_argument("--rivals-python", type=Path, required=True)
    parser.add_argument(
        "--memory-steps", type=int, default=0, help="also watch the memory over so many steps"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    videos = {name: Path(file) for name, _, file in (given.partition("=") for given in options.video)}
    python = options.rivals_python
    result: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for sequence in sequences(options.mot, videos) if options.mot else []:
            print(f"{sequence.name}\n")
            result[sequence.name] = rows = quality(sequence, python, options.fps, options.every, folder)
            table(rows)
        result["speed"] = rows = speed(python, folder)
        table(rows)
        scene(20, folder / "many.npz")
        result["64 cameras × 20 objects, ms"] = many = {
            name: update_ms(name, folder / "many.npz", cameras=64) for name in ("bytetrack", "sort", "ocsort")
        }
        table([{"64 cameras × 20 objects": name, "ms": value} for name, value in many.items()])
        if options.memory_steps:
            result["memory"] = memory(options.memory_steps, folder)
            table([result["memory"]])
    if options.json:
        options.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
