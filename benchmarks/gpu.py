"""What one NVIDIA GPU does: each stage alone, then the whole pipeline on many copies of a clip.

    python benchmarks/gpu.py CLIP [--scales n s m] [--size 640x640] [--cameras 28] [--seconds 6] [--paced 100]
        [--waits 0.016 0.008]

The network is YOLO11's architecture with random weights, whose outputs are overwritten by about a hundred
boxes a frame, several anchors each, so that suppression, tracking and drawing have their work; the boxes
drift, so that tracks move. Pictures go to the end of the pipeline, not over the link. The clip is repeated
into a long one first, so that opening decoders isn't measured. Pipelines: `detect` (decoding, detection),
`track` (and tracking and rules), `all` (and a drawn 1280×720 JPEG of every frame). With CAMWIRE_CORES=4 in
the environment each process's threads keep to four of the processor's cores. With --apart cameras are read in
processes of their own, which is worth it with --mps alone.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import av

from camwire.frames import Size
from camwire.pipeline.engine import MAX_WAIT
from camwire.server.mps.daemon import Daemon
from camwire.server.mps.program import SHARED_BY, find_program
from clips import repeated
from gpu_parts import DEVICE, PUBLISHED, Result, detector_for, drifting, torch
from gpu_pipeline import pipeline
from gpu_stages import beside_decoding, decoding, in_threads, network_alone, stages_alone


@contextmanager
def shared_by_mps(wanted: bool) -> Iterator[dict[str, str]]:
    """What processes are told so that they share the GPU; nothing where that isn't wanted."""
    if not wanted:
        yield {}
        return
    program = find_program()
    if program is None:
        raise SystemExit("NVIDIA's nvidia-cuda-mps-control is missing")
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(program, Path(folder) / "mps")
        try:
            yield {SHARED_BY: f"{folder}/mps"}
        finally:
            daemon.end()


def in_processes(count: int, arguments: list[str], environment: dict[str, str]) -> None:
    """The same measurement in ``count`` processes at once; prints the sums. What the first has to say of
    itself goes to standard error."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.json" for n in range(count)]
        running = [
            subprocess.Popen(
                [sys.executable, __file__, *arguments, "--json", str(file)],
                env=os.environ
                | environment
                | {"CAMWIRE_TOGETHER": f"{folder}:{count}", "CAMWIRE_WORKER": str(worker)},
                stdout=subprocess.DEVNULL if worker else sys.stderr,
            )
            for worker, file in enumerate(files)
        ]
        for one in running:
            one.wait()
        for rows in zip(*(json.loads(file.read_text()) for file in files), strict=True):
            worst = {key: max(row["latency_ms"][key] for row in rows) for key in rows[0]["latency_ms"]}
            drops = {
                cause: sum(row["drops"].get(cause, 0) for row in rows)
                for row in rows
                for cause in row["drops"]
            }
            slowest = {
                stage: tuple(
                    map(max, zip(*(row["stages_ms"].get(stage, (0.0, 0.0)) for row in rows), strict=True))
                )
                for stage in rows[0]["stages_ms"]
            }
            whole = Result(
                f"{count} × {rows[0]['name']}",
                sum(row["fps"] for row in rows),
                sum(row["cores"] for row in rows),
                latency_ms=worst,
                gpu_gb=max(row["gpu_gb"] for row in rows),
                camera_mb=max(row["camera_mb"] for row in rows),
                drops=drops,
                stages_ms=slowest,
            )
            print(whole.line(), flush=True)


@contextmanager
def watched_gpu() -> Iterator[list[str]]:
    """Lines of nvidia-smi dmon: utilisation of SM, memory, decoder. Not for latencies: to look at the GPU may
    make them worse."""
    lines: list[str] = []
    watcher = subprocess.Popen(
        ["nvidia-smi", "dmon", "-s", "u", "-d", "1"], stdout=subprocess.PIPE, text=True
    )
    reader = threading.Thread(target=lambda: lines.extend(watcher.stdout or ()), daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        watcher.terminate()
        watcher.wait()
        reader.join(2)


def decoders(clip: Path, threads: int, seconds: float) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        long = repeated(clip, Path(folder), 3000, 30)
        result = in_threads(threads, seconds, lambda: decoding(long), f"decode, {threads} threads")
    print(result.line())
    return result


def write(file: Path | None, results: list[Result]) -> None:
    if file:
        file.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")


def without(words: list[str], option: str) -> list[str]:
    """The command line without an option and its value."""
    if option not in words:
        return words
    at = words.index(option)
    return words[:at] + words[at + 2 :]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--scales", nargs="+", default=["s"], choices=list(PUBLISHED))
    parser.add_argument("--size", default="640x640", help="of the network's input: WIDTHxHEIGHT")
    parser.add_argument("--cameras", type=int, default=48)
    parser.add_argument("--paced", type=int, nargs="*", default=[], help="numbers of cameras at 30 fps each")
    parser.add_argument(
        "--waits",
        type=float,
        nargs="+",
        default=[MAX_WAIT],
        help="seconds that a paced frame waits for company",
    )
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--kinds", nargs="*", default=["detect", "track", "all"])
    parser.add_argument("--lanes", type=int, default=DEVICE.lanes)
    parser.add_argument("--at-once", type=int, default=2, help="batches in the network at the same time")
    parser.add_argument("--no-stages", action="store_true")
    parser.add_argument("--compile", action="store_true", help="the network fused by torch.compile")
    parser.add_argument("--apart", type=int, default=0, help="cameras that a source process reads; 0: none")
    parser.add_argument("--mps", action="store_true", help="have NVIDIA's MPS share the GPU")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--beside", action="store_true", help="also detection and JPEG beside decoders")
    parser.add_argument("--decode-only", type=int, metavar="THREADS", help="measure decoders alone")
    parser.add_argument("--processes", type=int, default=1, help="measure in so many at once, and add up")
    arguments = parser.parse_args()
    if arguments.processes > 1 or arguments.mps:
        own = [word for word in without(sys.argv[1:], "--processes") if word != "--mps"]
        with shared_by_mps(arguments.mps) as environment:
            in_processes(arguments.processes, own, environment)
        return
    if arguments.decode_only:
        write(arguments.json, [decoders(arguments.clips[0], arguments.decode_only, arguments.seconds)])
        return
    size = Size(*map(int, arguments.size.split("x")))
    results: list[Result] = []

    def tell(result: Result) -> None:
        print(result.line(), flush=True)
        results.append(result)

    with tempfile.TemporaryDirectory() as folder:
        print(
            "made ready:",
            torch.cuda.get_device_name(),
            "torch",
            torch.__version__,
            "PyAV",
            av.__version__,
            flush=True,
        )
        long = [repeated(clip, Path(folder), 3000, 30) for clip in arguments.clips]
        for position, scale in enumerate(arguments.scales):
            begin = time.monotonic()
            detector = detector_for(scale, size, arguments.at_once, arguments.compile)
            print(f"{detector.describe()} ready in {time.monotonic() - begin:.1f} s", flush=True)
            moved = drifting(detector)
            if not arguments.no_stages:
                tell(network_alone(scale, size, 2, arguments.compile))
                for result in stages_alone(long[0], detector, scale, 2, whole=position == 0):
                    tell(result)
            if arguments.beside and position == 0:
                for result in beside_decoding(long[0], detector, 2):
                    tell(result)
            for clip in long:
                for kind in arguments.kinds:
                    name = f"{scale} {arguments.size} {clip.stem[-18:]} {kind}, {arguments.cameras} cameras"
                    with watched_gpu() as lines:
                        result = pipeline(
                            name,
                            clip,
                            arguments.cameras,
                            arguments.seconds,
                            detector if kind == "detect" else moved,
                            track=kind != "detect",
                            draw=kind == "all",
                            paced=False,
                            lanes=arguments.lanes,
                            apart=arguments.apart,
                            batch_sizes=detector.batch_sizes,
                        )
                    tell(result)
                    print(
                        "   dmon sm mem enc dec jpg:",
                        [" ".join(line.split()[1:6]) for line in lines[-3:] if "#" not in line],
                    )
                for cameras, wait in itertools.product(arguments.paced, arguments.waits):
                    waited = f"{wait * 1000:g} ms"
                    name = f"{scale} {arguments.size} {clip.stem[-18:]} paced, {cameras} cameras, {waited}"
                    tell(
                        pipeline(
                            name,
                            clip,
                            cameras,
                            arguments.seconds,
                            moved,
                            track=True,
                            draw=True,
                            paced=True,
                            max_wait=wait,
                            lanes=arguments.lanes,
                            apart=arguments.apart,
                            batch_sizes=detector.batch_sizes,
                        )
                    )
            del detector, moved
            torch.cuda.empty_cache()
    write(arguments.json, results)
    print("\n" + "\n".join(result.line() for result in results))


if __name__ == "__main__":
    main()
