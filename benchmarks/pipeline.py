"""How many frames a second the whole pipeline takes, and how close that is to what the cores allow.

Recordings are read as fast as they are processed: source, detector, tracker, overlay, JPEG and hand-over
to another process, every frame drawn and encoded. The *work-conserving bound* is cores ÷ the sum of the
stages' own CPU times a frame, each measured alone in one thread: no arrangement of these stages is faster.

    python benchmarks/pipeline.py [--cameras 1 2 4] [--sizes 720p 1080p] [--runs 5] [--json FILE]
    python benchmarks/pipeline.py --rivals-python PATH    # beside usual_composition.py

Runs are interleaved and medians are told, because machines are noisy; trust ratios before figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import zmq

from camwire.devices import open_device
from camwire.devices.contracts import Overlay
from camwire.frames import Batch, Frame, Size
from camwire.link.desired import DesiredCamera, DesiredModel, DesiredOutput, DesiredState, DesiredTracker
from camwire.link.endpoint import Endpoints
from camwire.link.pictures import Rendition
from camwire.link.worker_end import WorkerEnd
from camwire.models import load_model
from camwire.models.inputs import input_for
from camwire.pipeline.detector import in_pictures, thinned
from camwire.pipeline.engine import Engine
from camwire.pipeline.selection import Limits
from camwire.runtimes import choose_runtime
from camwire.sources import read_pictures
from camwire.tracking import create as create_tracker
from clips import SIZES, clip

CORES = len(os.sched_getaffinity(0))
MODEL = DesiredModel(file="nanodet", runtime="auto", score_threshold=0.4, iou_threshold=0.5, classes=None)
TRACKER = DesiredTracker(type="bytetrack", trace_length=30)
TOGGLES = {"boxes": True, "labels": True, "traces": True}
WARM_UP = 20


@dataclass
class Result:
    """One run of the pipeline."""

    size: str
    cameras: int
    fps: float
    cpu_cores: float
    """Cores busy in this process, on average."""
    peak_mb: float


def stage_costs(size: str) -> dict[str, float]:
    """CPU milliseconds a frame that each stage takes by itself, one frame at a time in one thread."""
    device = open_device("cpu")
    model = load_model(MODEL.file)
    runtime = choose_runtime(MODEL.runtime, model.graph).runtime
    limits = Limits.uniform(1, len(model.classes), MODEL.score_threshold, MODEL.iou_threshold)
    tracker = create_tracker(TRACKER)
    overlay = Overlay(frozenset(TOGGLES), model.classes)
    spent: dict[str, float] = defaultdict(float)
    clock = time.process_time  # of the whole process: OpenVINO works in threads of its own
    pictures = read_pictures(clip(size))
    counted = 0
    while True:
        begin = clock()
        frame = next(pictures, None)
        if frame is None:
            break
        marks = [("decode", clock())]
        batch = Batch(counted, (_fitted(frame),), 0.0)
        spec = input_for(model.graph.input, runtime.step, [frame.source_size])
        fed = device.preprocess(batch, spec)
        marks.append(("preprocess", clock()))
        outputs = runtime.infer(fed.pixels)
        marks.append(("infer", clock()))
        raw = model.decode(outputs, spec.size, limits.score)
        detections = in_pictures(thinned(raw, limits), fed, batch)
        marks.append(("boxes", clock()))
        tracks = tracker.step(batch, detections)
        marks.append(("track", clock()))
        drawn = device.render(batch, [0], tracks, overlay)
        marks.append(("render", clock()))
        device.encode(drawn, 85)
        marks.append(("encode", clock()))
        counted += 1
        if counted > WARM_UP:
            for stage, mark in marks:
                spent[stage] += mark - begin
                begin = mark
    return {stage: 1000 * seconds / (counted - WARM_UP) for stage, seconds in spent.items()}


def _fitted(frame: Frame) -> Frame:
    """The frame at the size in which a camera's frames are processed."""
    return replace(frame, size=frame.source_size.fitted_into(Size(1280, 720)))


def run_pipeline(size: str, cameras: int) -> Result:
    """The real engine on ``cameras`` copies of the clip; pictures go to another process, as in service."""
    with tempfile.TemporaryDirectory(prefix="camwire-") as folder:
        drain = subprocess.Popen([sys.executable, __file__, "--drain", folder], stdout=subprocess.PIPE)
        link = WorkerEnd(Path(folder), "cpu")
        assert drain.stdout is not None
        drain.stdout.readline()

        def publish(frame: Frame, jpeg: bytes, rendition: Rendition) -> bool:
            while not link.publish(frame, jpeg, time.monotonic(), rendition):
                time.sleep(0.001)  # a recording's pictures are not dropped
            return True

        engine = Engine(open_device("cpu"), publish, recordings=True)
        desired = _desired(size, cameras)
        engine.apply(desired)
        begin, cpu = time.monotonic(), time.process_time()
        while not engine.finished:
            time.sleep(0.005)
        wall, cpu = time.monotonic() - begin, time.process_time() - cpu
        frames = sum(report.frames_out for report in engine.report())
        engine.stop(5)
        link.close()
        drain.kill()
        drain.wait()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Result(size, cameras, frames / wall, cpu / wall, peak)


def _desired(size: str, cameras: int) -> DesiredState:
    sources = tuple(
        DesiredCamera(
            id=f"camera-{n}",
            url=str(clip(size)),
            enabled=True,
            transport="tcp",
            latency_ms=50,
            drop_on_latency=True,
        )
        for n in range(cameras)
    )
    return DesiredState(
        revision=1,
        cameras=sources,
        model=MODEL,
        tracker=TRACKER,
        output=DesiredOutput(width=1280, height=720, max_fps=0, jpeg_quality=85),
        toggles=TOGGLES,
        watched=tuple(camera.id for camera in sources),
        stats_epoch=0,
    )


def drain(folder: Path) -> None:
    """Take pictures off the link, as the server does."""
    context = zmq.Context()
    pictures, control = context.socket(zmq.PULL), context.socket(zmq.ROUTER)
    pictures.bind(Endpoints(folder).frames)
    control.bind(Endpoints(folder).control)
    print("ready", flush=True)
    while True:
        pictures.recv_multipart(copy=False)


def in_a_process(*arguments: str) -> dict:
    """One measurement in a process of its own, so that none inherits another's memory or threads."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def usual_composition(python: str, size: str, cameras: int) -> float:
    script = Path(__file__).with_name("usual_composition.py")
    done = subprocess.run(
        [python, str(script), str(clip(size)), "--cameras", str(cameras)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])["fps"]


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--rivals-python", help="an interpreter with opencv, onnxruntime, trackers, supervision"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--drain", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--stages", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.drain:
        drain(arguments.drain)
    elif arguments.one:
        print(json.dumps(asdict(run_pipeline(arguments.one[0], int(arguments.one[1])))))
    elif arguments.stages:
        print(json.dumps(stage_costs(arguments.stages)))
    else:
        compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    figures: dict[str, object] = {"machine": platform.processor() or platform.machine(), "cores": CORES}
    for size in arguments.sizes:
        clip(size)
        costs: dict[str, list[float]] = defaultdict(list)
        ours: dict[int, list[dict]] = defaultdict(list)
        usual: dict[int, list[float]] = defaultdict(list)
        for _ in range(arguments.runs):
            for stage, cost in in_a_process("--stages", size).items():
                costs[stage].append(cost)
            for cameras in arguments.cameras:
                ours[cameras].append(in_a_process("--one", size, str(cameras)))
                if arguments.rivals_python:
                    usual[cameras].append(usual_composition(arguments.rivals_python, size, cameras))
        figures[size] = tell(size, costs, ours, usual)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def tell(size: str, costs: dict, ours: dict, usual: dict) -> dict[str, object]:
    """Print one size's tables and return its figures."""
    medians = {stage: statistics.median(values) for stage, values in costs.items()}
    total = sum(medians.values())
    bound = 1000 * CORES / total
    print(f"\n{size}, {CORES} cores: CPU ms a frame, each stage alone")
    print("  " + "  ".join(f"{stage} {cost:.2f}" for stage, cost in medians.items()))
    rest = total - medians["infer"]
    print(f"  sum {total:.2f}, all but inference {rest:.2f}; bound {bound:.1f} fps")
    print(
        "  cameras  fps median (least–most)   of bound   cores busy   peak MB   usual parts   times as fast"
    )
    rows = []
    for cameras, runs in ours.items():
        fps = [run["fps"] for run in runs]
        row = {
            "cameras": cameras,
            "fps": fps,
            "share_of_bound": statistics.median(fps) / bound,
            "cpu_cores": statistics.median(run["cpu_cores"] for run in runs),
            "peak_mb": max(run["peak_mb"] for run in runs),
            "usual_fps": usual[cameras],
        }
        ratios = [mine / theirs for mine, theirs in zip(fps, usual[cameras], strict=False)]
        row["times_usual"] = statistics.median(ratios) if ratios else None
        print(
            f"  {cameras:7d}  {spread(fps):24s}  {row['share_of_bound']:8.2f}  {row['cpu_cores']:11.2f}"
            f"  {row['peak_mb']:8.0f}   {spread(usual[cameras]) if ratios else '–':12s}"
            f"  {round(statistics.median(ratios), 2) if ratios else '–'}"
        )
        rows.append(row)
    return {"stages_ms": costs, "bound_fps": bound, "runs": rows}


if __name__ == "__main__":
    main()
