"""How well and how fast the detector finds people: average precision against a clip's ground truth.

    python benchmarks/detection.py [--json] [--model FILE] [--every 5]

Without arguments it takes PETS 2009 S2.L1 from the development data beside the repository. Pictures go
through the product's own preprocessing, runtime, decoding and non-maximum suppression.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from camwire.devices.cpu.preprocess import CpuPreprocessor
from camwire.frames import Batch, Frame, Size
from camwire.models import Model, load_model
from camwire.models.inputs import input_for
from camwire.pipeline.detector import in_pictures, thinned
from camwire.pipeline.selection import Limits
from camwire.runtimes import Runtime, choose_runtime

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
CLIP = SHARED / "footage" / "pets09-s2l1.mp4"
GROUND_TRUTH = SHARED / "mot" / "PETS09-S2L1_gt.txt"
SHOWN = (1, 200, 400, 600, 795)
"""Frames of the clip whose people are counted one by one."""
COUNTED_AT = 0.4
LEAST_SCORE = 0.02
"""Below it, boxes add nothing that changes the area in its third digit."""
SAME = 0.5
"""IoU from which a box counts as the person of the ground truth: the 50 in AP50."""
STAGES = ("preprocess", "infer", "decode", "thin out", "map back")

Boxes = NDArray[np.float64]


@dataclass(frozen=True)
class FrameResult:
    """One frame's people: found boxes [N, 4] with scores [N], best first, and true boxes [G, 4]."""

    number: int
    boxes: Boxes
    scores: NDArray[np.float64]
    truth: Boxes


def matched(boxes: Boxes, truth: Boxes, least_iou: float = SAME) -> NDArray[np.bool_]:
    """[N], whether each box, best first, is a true one.

    As in PASCAL VOC: a box belongs to the true box that it overlaps most, and is right when that IoU is at
    least ``least_iou`` and no better box has taken it.
    """
    right = np.zeros(len(boxes), np.bool_)
    if not len(boxes) or not len(truth):
        return right
    overlaps = iou_matrix(boxes, truth)
    taken: set[int] = set()
    for row, best in enumerate(overlaps.argmax(axis=1)):
        if overlaps[row, best] >= least_iou and best not in taken:
            taken.add(int(best))
            right[row] = True
    return right


def iou_matrix(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """[len(a), len(b)]."""
    corners_a, corners_b = a[:, None], b[None]
    sides = np.minimum(corners_a[..., 2:], corners_b[..., 2:]) - np.maximum(
        corners_a[..., :2], corners_b[..., :2]
    )
    shared = np.clip(sides, 0, None).prod(axis=2)
    areas_a, areas_b = ((x[..., 2:] - x[..., :2]).prod(axis=2) for x in (corners_a, corners_b))
    ious: NDArray[np.float64] = shared / (areas_a + areas_b - shared)
    return ious


def average_precision(scores: NDArray[np.float64], right: NDArray[np.bool_], truths: int) -> float:
    """The area under the precision-recall curve, all points, precision made monotonic from the right.

    ``scores`` and ``right``: [N] over all frames; ``truths``: true boxes in all frames. As PASCAL VOC does it
    since 2010.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    gained = np.diff(hits, prepend=0) / truths
    return float((envelope * gained).sum())


def frames_of(clip: Path, every: int, always: tuple[int, ...] = ()) -> Iterator[tuple[int, Frame]]:
    """Number (from 1) and frame of every ``every``-th picture, and of those in ``always``."""
    with av.open(clip) as container:
        for number, picture in enumerate(container.decode(video=0), start=1):
            if (number - 1) % every == 0 or number in always:
                size = Size(picture.width, picture.height)
                now = time.monotonic()
                yield (
                    number,
                    Frame("clip", number, 0, picture, size, size, float(picture.time), now, now, now),
                )


def ground_truth(file: Path) -> dict[int, Boxes]:
    """Frame number → [G, 4] x1, y1, x2, y2, from MOTChallenge text."""
    table = np.loadtxt(file, delimiter=",")
    corners = np.column_stack((table[:, 2:4], table[:, 2:4] + table[:, 4:6]))
    return {int(number): corners[table[:, 0] == number] for number in np.unique(table[:, 0])}


def detect(
    model: Model, runtime: Runtime, frame: Frame, iou: float, seconds: list[list[float]]
) -> tuple[Boxes, NDArray[np.float64]]:
    """People in one frame; what each stage took is appended to ``seconds``."""
    limits = Limits.uniform(1, len(model.classes), np.inf, iou)
    limits.score[0, model.classes.index("person")] = LEAST_SCORE
    batch = Batch(frame.sequence, (frame,), frame.decoded)
    marks = [time.perf_counter()]
    spec = input_for(model.graph.input, runtime.step, [frame.source_size])
    fed = CpuPreprocessor()(batch, spec)
    marks.append(time.perf_counter())
    outputs = runtime.infer(fed.pixels)
    marks.append(time.perf_counter())
    raw = model.decode(outputs, spec.size, limits.score)
    marks.append(time.perf_counter())
    kept = thinned(raw, limits, overlapping=model.overlapping)
    marks.append(time.perf_counter())
    found = in_pictures(kept, fed, batch)
    marks.append(time.perf_counter())
    seconds.append(list(np.diff(marks)))
    return found.boxes.astype(np.float64), found.scores.astype(np.float64)


def measure(arguments: argparse.Namespace) -> dict[str, object]:
    """Everything that is printed."""
    cv2.setNumThreads(1)
    model = load_model(arguments.model)
    choice = choose_runtime("auto", model.graph)
    truth = ground_truth(arguments.truth)
    seconds: list[list[float]] = []
    results = [
        FrameResult(
            number,
            *detect(model, choice.runtime, frame, arguments.iou, seconds),
            truth.get(number, np.empty((0, 4))),
        )
        for number, frame in frames_of(arguments.clip, arguments.every, SHOWN)
    ]
    scored = [result for result in results if (result.number - 1) % arguments.every == 0]
    truths = sum(len(result.truth) for result in scored)
    ap = average_precision(
        np.concatenate([result.scores for result in scored]),
        np.concatenate([matched(result.boxes, result.truth) for result in scored]),
        truths,
    )
    sizes = " and ".join(f"{size.width}×{size.height}" for size in choice.runtime.sizes)
    return {
        "model": f"{model.name} {sizes}, {choice.runtime.describe()}",
        "clip": arguments.clip.name,
        "frames": len(scored),
        "people": truths,
        "person_ap50": round(ap, 4),
        "counts": [counted(result) for result in results if result.number in SHOWN],
        "ms": dict(zip(STAGES, (np.median(seconds, axis=0) * 1e3).round(3).tolist(), strict=True)),
    }


def counted(result: FrameResult) -> dict[str, int]:
    """People of one frame at ``COUNTED_AT``."""
    sure = result.scores >= COUNTED_AT
    return {
        "frame": result.number,
        "people": len(result.truth),
        "found": int(matched(result.boxes[sure], result.truth).sum()),
        "reported": int(sure.sum()),
    }


def table(figures: dict[str, object]) -> str:
    lines = [
        f"{figures['model']} on {figures['clip']}: {figures['frames']} frames, {figures['people']} people",
        f"person AP50          {figures['person_ap50']:.4f}",
        f"at score {COUNTED_AT}:  frame  people  found  reported",
        *(
            f"{'':15}{count['frame']:5}  {count['people']:6}  {count['found']:5}  {count['reported']:8}"
            for count in figures["counts"]  # type: ignore[attr-defined]
        ),
        "median ms a frame:",
        *(f"  {stage:12} {value:8.3f}" for stage, value in figures["ms"].items()),  # type: ignore[attr-defined]
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", type=Path, default=CLIP)
    parser.add_argument("--truth", type=Path, default=GROUND_TRUTH, help="MOTChallenge text")
    parser.add_argument("--model", default="nanodet", help="as in the configuration's model.file")
    parser.add_argument("--every", type=int, default=5, help="take every k-th frame")
    parser.add_argument("--iou", type=float, default=0.5, help="threshold of the non-maximum suppression")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments)
    print(json.dumps(figures) if arguments.json else table(figures))


if __name__ == "__main__":
    main()
