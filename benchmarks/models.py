"""What models cost: decoding and suppression against the speed of memory, and every runtime by batch size.

    python benchmarks/models.py [--json] [--model FILE ...] [--batches 1,4]

Decoding is that of YOLO11 at 640×640, [1, 84, 8400], with 100 true boxes among noise, at a threshold of 0.25,
on one core. The runtimes are those that are installed, on the bundled NanoDet and any file given.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Float32Array, Size
from camwire.models import Model, ModelError, TensorSpec, load_model
from camwire.models.declared import Declared
from camwire.models.image import image_input
from camwire.models.recognition import Overrides, recognise
from camwire.models.signature import Signature
from camwire.pipeline.detector import thinned
from camwire.pipeline.selection import Limits
from camwire.runtimes import choose_runtime
from camwire.runtimes.choose import KINDS

CLASSES, SIZE = 80, Size(640, 640)
ANCHORS = 8400
TRUE_BOXES = 100
ANCHORS_A_BOX = 6
"""Neighbouring anchors that see the same object, as a trained model's do."""
THRESHOLD, IOU = 0.25, 0.5
GOAL_MS = 1.0
ROUNDS = 200


def yolo11(anchors_first: bool) -> Model:
    """The model as a file of this layout would be read."""
    shape = (1, ANCHORS, 84) if anchors_first else (1, 84, ANCHORS)
    signature = Signature(
        (TensorSpec("images", (1, 3, SIZE.height, SIZE.width), "float32"),),
        (TensorSpec("output0", shape, "float32"),),
    )
    file = Path("yolo11.onnx")
    return recognise(file, image_input(file, signature), signature, Declared(), SIZE, Overrides())


def scene(seed: int = 0) -> Float32Array:
    """[1, 84, 8400]: noise below the threshold, and 100 objects that a few anchors each see."""
    rng = np.random.default_rng(seed)
    output = np.empty((1, 84, ANCHORS), np.float32)
    output[0, :2] = rng.uniform(0, 640, (2, ANCHORS))
    output[0, 2:4] = rng.uniform(8, 300, (2, ANCHORS))
    output[0, 4:] = rng.uniform(0, 0.1, (CLASSES, ANCHORS))
    seen = rng.choice(ANCHORS, (TRUE_BOXES, ANCHORS_A_BOX), replace=False)
    for box, anchors in enumerate(seen):
        centre = np.array([box % 10, box // 10]) * 64 + 32
        output[0, :2, anchors] = centre + rng.normal(0, 1, (ANCHORS_A_BOX, 2))
        output[0, 2:4, anchors] = 50 + rng.normal(0, 1, (ANCHORS_A_BOX, 2))
        output[0, 4 + box % CLASSES, anchors] = rng.uniform(0.3, 0.95, ANCHORS_A_BOX)
    return output


def median_ms(
    work: Callable[[], object], rounds: int = ROUNDS, clock: Callable[[], float] = time.thread_time
) -> float:
    """By default of this thread's CPU time, so that what else runs on the machine counts less."""
    for _ in range(3):
        work()
    spent = []
    for _ in range(rounds):
        begin = clock()
        work()
        spent.append(clock() - begin)
    return float(np.median(spent)) * 1e3


def decoding() -> dict[str, float]:
    """Milliseconds; the first is the goal's."""
    usual = scene()
    limits = Limits.uniform(1, CLASSES, THRESHOLD, IOU)
    figures = {}
    for name, anchors_first, output in (
        ("[1, 84, 8400]", False, usual),
        ("[1, 8400, 84]", True, np.ascontiguousarray(usual.transpose(0, 2, 1))),
    ):
        model = yolo11(anchors_first)
        raw = model.decode([output], SIZE, limits.score)
        kept = thinned(raw, limits)
        if len(kept) != TRUE_BOXES:
            raise SystemExit(f"{len(kept)} boxes were found where {TRUE_BOXES} are")
        decode = median_ms(partial(model.decode, [output], SIZE, limits.score))
        thin = median_ms(partial(thinned, raw, limits))
        figures |= {f"{name} decode": decode, f"{name} suppression": thin, f"{name} both": decode + thin}
    scores = usual[:, 4:]
    figures["scores: maximum of each anchor"] = median_ms(lambda: np.maximum.reduce(scores, axis=1))
    figures["scores: argmax of each anchor (not used)"] = median_ms(lambda: scores.argmax(axis=1), 20)
    figures["scores: read once (OR of all, as integers)"] = read_once(scores)
    return figures


def read_once(scores: NDArray[np.float32]) -> float:
    """The bound: each number read once, with nothing to do but an OR."""
    numbers = np.ascontiguousarray(scores).view(np.int32).reshape(-1)
    return median_ms(lambda: np.bitwise_or.reduce(numbers))


def runtimes(file: str, batches: list[int]) -> list[dict[str, object]]:
    """Milliseconds a frame by runtime and batch; runtimes that can't run the file say why."""
    model = load_model(file)
    rows: list[dict[str, object]] = []
    for name in KINDS:
        try:
            runtime = choose_runtime(name, model.graph).runtime
            for batch in batches:
                size = model.graph.input.size
                pixels = np.random.default_rng(0).integers(
                    0, 256, (batch, size.height, size.width, 3), np.uint8
                )
                rounds = max(5, 40 // batch)
                run = partial(runtime.infer, pixels)
                ms = median_ms(run, rounds, time.perf_counter) / batch
                rows.append(
                    {
                        "model": model.name,
                        "size": f"{size.width}×{size.height}",
                        "runtime": runtime.describe(),
                        "batch": batch,
                        "ms_a_frame": round(ms, 2),
                    }
                )
        except ModelError as error:
            rows.append({"model": model.name, "runtime": name, "error": str(error)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", action="append", default=[], help="a model's file; may be repeated")
    parser.add_argument("--batches", default="1,4", help="batch sizes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    batches = [int(batch) for batch in arguments.batches.split(",")]
    measured = [row for file in ["nanodet", *arguments.model] for row in runtimes(file, batches)]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # after the runtimes, which use all cores
    figures = decoding()
    if arguments.json:
        print(json.dumps({"decoding_ms": figures, "runtimes": measured}))
        return
    goal = figures["[1, 84, 8400] both"]
    print(f"decode + suppression of [1, 84, 8400], {TRUE_BOXES} true boxes, one core: {goal:.3f} ms "
          f"(goal {GOAL_MS} ms)")  # fmt: skip
    for name, value in figures.items():
        print(f"  {name:45} {value:7.3f} ms")
    bytes_read = CLASSES * ANCHORS * 4
    for name in ("scores: maximum of each anchor", "scores: read once (OR of all, as integers)"):
        print(f"  {name:45} {bytes_read / figures[name] / 1e6:7.1f} GB/s")
    print("\nruntimes, all cores, ms a frame")
    for row in measured:
        if "error" in row:
            print(f"  {row['model']:12} {row['runtime']:24} {row['error']}")
        else:
            print(
                f"  {row['model']:12} {row['size']:9} {row['runtime']:24} batch {row['batch']}: "
                f"{row['ms_a_frame']:8.2f}"
            )


if __name__ == "__main__":
    main()
