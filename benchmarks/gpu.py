"""What one NVIDIA GPU does: each stage alone, then the whole pipeline on many copies of a clip.

    python benchmarks/gpu.py CLIP [--scales n s m] [--size 640x640] [--cameras 28] [--seconds 6] [--paced 100]

The network is YOLO11's architecture with random weights, whose outputs are overwritten by about a hundred
boxes a frame, several anchors each, so that suppression, tracking and drawing have their work; the boxes
drift, so that tracks move. Pictures go to the end of the pipeline, not over the link. The clip is repeated
into a long one first, so that opening decoders isn't measured. Pipelines: `detect` (decoding, detection),
`track` (and tracking), `all` (and a drawn 1280×720 JPEG of every frame).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from glob import escape as glob_escape
from pathlib import Path

import av
import numpy as np

from camwire.devices.contracts import Overlay
from camwire.devices.cuda import CudaDevice
from camwire.frames import Batch, Detections, Frame, Size, Tracks
from camwire.link.messages import DesiredCamera, DesiredTracker, Rendition
from camwire.pipeline.lane import Lanes
from camwire.pipeline.policy import BatchPolicy
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.slots import Slots
from camwire.pipeline.stages import Stages
from camwire.sources import CameraSource
from camwire.tracking import create as create_tracker

BOUND = Size(1280, 720)
OBJECTS, ANCHORS_EACH = 100, 6
ON = frozenset({"boxes", "labels", "traces"})
DEVICE = CudaDevice(0)  # before anything else uses CUDA

import torch  # noqa: E402

from camwire.devices.cuda.detect import CudaDetector  # noqa: E402
from camwire.runtimes.torch import from_module  # noqa: E402
from yolo11 import CLASSES, PUBLISHED, Yolo11  # noqa: E402

NAMES = tuple(f"class {n}" for n in range(CLASSES))


class Crowded(torch.nn.Module):
    """A network whose outputs are, at some anchors, a crowd of objects instead of its own."""

    def __init__(self, network: torch.nn.Module, size: Size) -> None:
        super().__init__()
        self.network = network
        rng = np.random.default_rng(0)
        count = OBJECTS * ANCHORS_EACH
        anchors = size.width * size.height * 21 // 1024
        rows = np.zeros((4 + CLASSES, count), np.float32)
        centres = rng.uniform((0, size.height * 0.25), (size.width, size.height * 0.75), (OBJECTS, 2))
        sides = rng.uniform(12, 60, (OBJECTS, 2))
        jitter = rng.normal(0, 1, (ANCHORS_EACH, OBJECTS, 2))
        rows[:2] = (centres + jitter).reshape(-1, 2).T
        rows[2:4] = np.tile(sides, (ANCHORS_EACH, 1)).T
        rows[4 + np.tile(rng.integers(0, 8, OBJECTS), ANCHORS_EACH), np.arange(count)] = rng.uniform(
            0.5, 0.95, count
        )
        self.register_buffer("rows", torch.from_numpy(rows))
        self.register_buffer("places", torch.from_numpy(rng.choice(anchors, count, replace=False)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        head = self.network(images)
        head[:, :, self.places] = self.rows.to(head.dtype)
        return head


def detector_for(scale: str, size: Size, lanes: int) -> CudaDetector:
    torch.manual_seed(0)
    network = Yolo11(scale)
    counted = network.parameters_unfolded()
    assert abs(counted - PUBLISHED[scale]) < 0.04 * PUBLISHED[scale], (
        f"YOLO11{scale} has {counted} parameters"
    )
    whole = from_module(f"yolo11{scale}", Crowded(network, size), size, NAMES)
    thresholds = np.full(CLASSES, 0.25, np.float32)
    return CudaDetector(0, whole, thresholds, 0.5, batch_size=DEVICE.batch_size, lanes=lanes)


def drifting(detect: Callable[[Batch], Detections]) -> Callable[[Batch], Detections]:
    """Move what was found around in a circle, a turn in five seconds."""

    def moved(batch: Batch) -> Detections:
        found = detect(batch)
        turn = np.array([frame.time for frame in batch.frames]) * (2 * np.pi / 5)
        shift = (30 * np.stack((np.cos(turn), np.sin(turn)), axis=1)).astype(np.float32)[found.frame_index]
        return replace(found, boxes=found.boxes + np.tile(shift, 2))

    return moved


def repeated(clip: Path, folder: Path, frames: int, rate: int) -> Path:
    """The clip's packets again and again, without coding them anew."""
    target = folder / f"{clip.stem}-{rate}.mp4"
    with av.open(str(clip)) as reader, av.open(str(target), "w") as writer:
        video = writer.add_stream_from_template(reader.streams.video[0])
        packets = [packet for packet in reader.demux(video=0) if packet.size]
        base = Fraction(1, rate)
        contents = [(bytes(packet), packet.is_keyframe) for packet in packets]
        for number in range(frames):
            content, key = contents[number % len(contents)]
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.pts, packet.dts, packet.is_keyframe = (
                video,
                base,
                number,
                number,
                key,
            )
            packet.duration = 1
            writer.mux(packet)
    return target


@dataclass
class Result:
    name: str
    fps: float
    cores: float
    """CPU cores busy in this process."""
    batch: float = 0.0
    """Frames a batch, on average."""
    latency_ms: dict[str, float] = field(default_factory=dict)
    """From a packet's arrival to its JPEG (or to the tracker): p50, p95, p99."""
    gpu_gb: float = 0.0
    drops: dict[str, int] = field(default_factory=dict)
    stages_ms: dict[str, float] = field(default_factory=dict)
    """p50 of a batch in each stage."""

    def line(self) -> str:
        latency = " ".join(f"{name} {value:6.1f}" for name, value in self.latency_ms.items())
        stages = " ".join(f"{name} {value:.1f}" for name, value in self.stages_ms.items())
        return (
            f"{self.name:42s} {self.fps:8.0f} fps {self.cores:5.2f} cores {self.batch:5.1f} a batch"
            f" {self.gpu_gb:5.1f} GB  {latency}  {stages}  {self.drops or ''}"
        )


def together(name: str) -> None:
    """Where several processes measure at the same time: wait until all have got this far."""
    folder, count = os.environ.get("CAMWIRE_TOGETHER", ":1").rsplit(":", 1)
    if not folder:
        return
    (Path(folder) / f"{name.replace('/', '-')} {os.getpid()}").touch()
    deadline = time.monotonic() + 60
    while len(list(Path(folder).glob(f"{glob_escape(name)} *"))) < int(count) and time.monotonic() < deadline:
        time.sleep(0.01)


def in_processes(count: int, arguments: list[str]) -> None:
    """The same measurement in ``count`` processes at once; prints the sums."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.json" for n in range(count)]
        running = [
            subprocess.Popen(
                [sys.executable, __file__, *arguments, "--json", str(file)],
                env=os.environ | {"CAMWIRE_TOGETHER": f"{folder}:{count}"},
                stdout=subprocess.DEVNULL,
            )
            for file in files
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
                key: max(row["stages_ms"].get(key, 0.0) for row in rows) for key in rows[0]["stages_ms"]
            }
            whole = Result(
                f"{count} × {rows[0]['name']}",
                sum(row["fps"] for row in rows),
                sum(row["cores"] for row in rows),
                latency_ms=worst,
                gpu_gb=max(row["gpu_gb"] for row in rows),
                drops=drops,
                stages_ms=slowest,
            )
            print(whole.line(), flush=True)


def cpu_by_thread() -> dict[str, float]:
    """CPU seconds so far by what the threads are called, user and system apart."""
    ticks = os.sysconf("SC_CLK_TCK")
    names = {thread.native_id: thread.name.partition("-")[0] for thread in threading.enumerate()}
    spent: dict[str, float] = {}
    for task in Path("/proc/self/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        kind = names.get(int(task.name), "native")
        for which, column in (("user", 11), ("system", 12)):
            spent[f"{kind} {which}"] = spent.get(f"{kind} {which}", 0.0) + int(fields[column]) / ticks
    return spent


class Inlet:
    def __init__(self, slots: Slots, recorder: Recorder) -> None:
        self._slots, self._recorder = slots, recorder

    def put(self, frame: Frame) -> None:
        self._recorder.arrived(frame)
        frame = replace(frame, picture=DEVICE.adopt(frame.picture))
        if not self._slots.put(frame):
            self._recorder.lost((frame,), "stopped")


class NoTracker:
    def step(self, batch: Batch, detections: Detections) -> Tracks:  # noqa: ARG002
        return Tracks.empty()

    def forget(self, camera: str) -> None:
        pass


def pipeline(
    name: str,
    clip: Path,
    cameras: int,
    seconds: float,
    detect: Callable[[Batch], Detections],
    *,
    track: bool,
    draw: bool,
    paced: bool,
    lanes: int = 4,
) -> Result:
    """The product's own sources, slots and lanes for ``seconds``, two seconds after all cameras are live."""
    recorder = Recorder()
    slots = Slots(
        BatchPolicy(DEVICE.batch_size, 0.010),
        on_overwritten=lambda f: recorder.lost((f,), "overwritten"),
        patient=not paced,
    )
    ids = [f"camera-{n}" for n in range(cameras)]
    done: list[tuple[float, float, int]] = []

    def timed_step(step: Callable[[Batch, Detections], Tracks]) -> Callable[[Batch, Detections], Tracks]:
        def stepped(batch: Batch, detections: Detections) -> Tracks:
            tracks = step(batch, detections)
            if not draw:
                now = time.monotonic()
                done.extend((now, now - frame.arrived, len(batch)) for frame in batch.frames)
            return tracks

        return stepped

    def publish(frame: Frame, jpeg: bytes, _: Rendition) -> bool:
        now = time.monotonic()
        done.append((now, now - frame.arrived, len(jpeg)))
        return True

    tracker = create_tracker(DesiredTracker(type="bytetrack", trace_length=30)) if track else NoTracker()
    tracker.step = timed_step(tracker.step)
    stages = Stages(
        device=DEVICE,
        detect=detect,
        tracker=tracker,
        overlay=Overlay(ON, NAMES),
        views={camera: {"full": 0.0} for camera in ids} if draw else {},
        max_fps=0.0,
        jpeg_quality=85,
        thumbnail=Size(480, 270),
    )
    running = Lanes(slots, recorder, publish, count=lanes, expected=lambda: cameras, stages=stages)
    sources = []
    for camera in ids:
        recorder.add(camera)
        slots.add(camera)
        desired = DesiredCamera(
            id=camera, url=str(clip), enabled=True, transport="tcp", latency_ms=50, drop_on_latency=False
        )
        sources.append(
            CameraSource(
                desired, Inlet(slots, recorder), bound=BOUND, hwaccel=DEVICE.hwaccel, paced=paced, looped=True
            )
        )
    running.start()
    for source in sources:
        source.start()
        if paced:
            time.sleep(1 / 30 / cameras * 2)  # cameras don't send in step
    opened = time.monotonic()
    while any(source.report().phase != "live" for source in sources) and time.monotonic() - opened < 40:
        time.sleep(0.1)
    opened = time.monotonic() - opened
    time.sleep(2)
    together(name)
    begin, cpu, by_thread = time.monotonic(), time.process_time(), cpu_by_thread()
    time.sleep(seconds)
    end, cpu, later = time.monotonic(), time.process_time() - cpu, cpu_by_thread()
    print(
        f"   opened in {opened:.1f} s; cores busy by thread:",
        {k: round((later[k] - by_thread[k]) / seconds, 2) for k in later},
    )
    free, total = torch.cuda.mem_get_info()
    report = recorder.report(ids[0], sources[0].report(), time.monotonic())
    for source in sources:
        source.stop()
    recorder.lost(slots.close(), "stopped")
    for source in sources:
        source.join(10)
    running.join(10)
    rows = [row for row in done if begin <= row[0] <= end]
    latency = np.array([row[1] for row in rows] or [np.nan]) * 1000
    return Result(
        name,
        len(rows) / (end - begin),
        cpu / (end - begin),
        latency_ms=dict(
            zip(("p50", "p95", "p99"), np.percentile(latency, (50, 95, 99)).tolist(), strict=True)
        )
        if paced
        else {},
        batch=float(np.mean([row[2] for row in rows])) if rows and not draw else 0.0,
        gpu_gb=(total - free) / 1e9,
        drops={k: v for k, v in report.drops.items() if k not in ("unwatched", "stopped")},
        stages_ms={stage: q.p50 for stage, q in report.latency_ms.items()},
    )


def in_threads(count: int, seconds: float, make: Callable[[], Callable[[], int]], name: str) -> Result:
    """How much ``count`` threads get done that call what ``make`` gives each of them."""
    totals = [0] * count
    stop, ready = threading.Event(), threading.Barrier(count + 1)

    def work(number: int) -> None:
        step = make()
        step()
        ready.wait()
        while not stop.is_set():
            totals[number] += step()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    ready.wait()
    begin, cpu = time.monotonic(), time.process_time()
    time.sleep(seconds)
    done, cpu, wall = sum(totals), time.process_time() - cpu, time.monotonic() - begin
    stop.set()
    for thread in threads:
        thread.join()
    return Result(name, done / wall, cpu / wall)


def decoding(clip: Path) -> Callable[[], int]:
    def frames() -> Iterator[int]:
        while True:
            with av.open(str(clip), hwaccel=DEVICE.hwaccel()) as container:
                for _ in container.decode(video=0):
                    yield 1

    counting = frames()
    return lambda: next(counting)


def beside_decoding(clip: Path, detector: CudaDetector, seconds: float) -> list[Result]:
    """What detection and JPEG lose to decoders at work in the same process, and in another one."""
    batch = sample_batch(clip, DEVICE.batch_size)
    tracks = create_tracker(DesiredTracker(type="bytetrack", trace_length=30)).step(batch, detector(batch))

    def encoding() -> Callable[[], int]:
        pictures = DEVICE.render(batch, range(len(batch)), tracks, Overlay(ON, NAMES))
        return lambda: len(DEVICE.encode(pictures, 85))

    def detecting() -> Callable[[], int]:
        return lambda: len(detector(batch)) and len(batch)

    results = []
    for where in ("nobody", "28 decoders in this process", "28 decoders in another process"):
        stop = threading.Event()
        decoders: list[threading.Thread] = []
        other = None
        if "this" in where:
            decoders = [threading.Thread(target=_decode_until, args=(clip, stop)) for _ in range(28)]
            for thread in decoders:
                thread.start()
        if "another" in where:
            other = subprocess.Popen([sys.executable, __file__, str(clip), "--decode-only", "28"])
        time.sleep(0.5 if where == "nobody" else 6)
        for name, threads, make in (("JPEG", 2, encoding), ("detect", 2, detecting)):
            results.append(in_threads(threads, seconds, make, f"{name}, {threads} threads, beside {where}"))
        stop.set()
        for thread in decoders:
            thread.join()
        if other is not None:
            other.kill()
            other.wait()
    return results


def _decode_until(clip: Path, stop: threading.Event) -> None:
    step = decoding(clip)
    while not stop.is_set():
        step()


def sample_batch(clip: Path, count: int) -> Batch:
    with av.open(str(clip), hwaccel=DEVICE.hwaccel()) as container:
        pictures = [picture for _, picture in zip(range(count), container.decode(video=0), strict=False)]
    frames = []
    for number, picture in enumerate(pictures):
        size = Size(picture.width, picture.height)
        frames.append(Frame(f"c{number}", 0, 0, picture, size, size.fitted_into(BOUND), 0.0, 0.0, 0.0, 0.0))
    return Batch(0, tuple(frames), 0.0)


def network_alone(scale: str, size: Size, seconds: float, compiled: bool) -> Result:
    """Images a second of the network and nothing else, as one graph of a full batch."""
    network = from_module(scale, Yolo11(scale), size, NAMES)
    forward = (
        torch.compile(network.forward, mode="max-autotune-no-cudagraphs") if compiled else network.forward
    )
    images = torch.rand((DEVICE.batch_size, 3, size.height, size.width), device="cuda", dtype=torch.float16)
    images = images.contiguous(memory_format=torch.channels_last)
    stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
    with torch.inference_mode(), torch.cuda.stream(stream):
        for _ in range(3):
            forward(images)
        stream.synchronize()
    with torch.inference_mode(), torch.cuda.graph(graph, stream=stream):
        forward(images)
    torch.cuda.synchronize()
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        for _ in range(10):
            graph.replay()
        torch.cuda.synchronize()
        count += 10 * len(images)
    word = "compiled" if compiled else "as it is"
    return Result(
        f"network {scale} {size.width}x{size.height} alone, {word}", count / (time.monotonic() - begin), 0.0
    )


def stages_alone(clip: Path, detector: CudaDetector, scale: str, seconds: float, whole: bool) -> list[Result]:
    batch = sample_batch(clip, DEVICE.batch_size)
    results = []
    for lanes in (1, 2):
        results.append(
            in_threads(
                lanes,
                seconds,
                lambda: lambda: len(detector(batch)) and len(batch),
                f"detect {scale}, {lanes} at once",
            )
        )
    if not whole:
        return results
    tracker = create_tracker(DesiredTracker(type="bytetrack", trace_length=30))
    moved = drifting(detector)
    found = moved(batch)
    results.append(
        in_threads(
            1,
            seconds,
            lambda: lambda: len(tracker.step(batch, found)) and len(batch),
            f"track {len(found) // len(batch)} boxes a frame",
        )
    )
    tracks = tracker.step(batch, found)
    everything = range(len(batch))
    overlay = Overlay(ON, NAMES)

    def drawn() -> int:
        DEVICE.render(batch, everything, tracks, overlay)[0].stream.synchronize()
        return len(batch)

    results.append(in_threads(1, seconds, lambda: drawn, f"render {len(tracks) // len(batch)} objects"))
    for threads in (1, 2, 4):

        def encoding() -> Callable[[], int]:
            pictures = DEVICE.render(batch, everything, tracks, overlay)
            return lambda: len(DEVICE.encode(pictures, 85))

        results.append(in_threads(threads, seconds, encoding, f"JPEG 1280×720, {threads} threads"))
    size = np.mean(
        [len(jpeg) for jpeg in DEVICE.encode(DEVICE.render(batch, everything, tracks, overlay), 85)]
    )
    print(f"a JPEG has {size / 1000:.0f} kB on average")
    for threads in (8, 28):
        results.append(in_threads(threads, seconds, lambda: decoding(clip), f"decode, {threads} threads"))
    return results


@contextmanager
def watched_gpu() -> Iterator[list[str]]:
    """Lines of nvidia-smi dmon: utilisation of SM, memory, decoder."""
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--scales", nargs="+", default=["s"], choices=list(PUBLISHED))
    parser.add_argument("--size", default="640x640", help="of the network's input: WIDTHxHEIGHT")
    parser.add_argument("--cameras", type=int, default=48)
    parser.add_argument("--paced", type=int, nargs="*", default=[], help="numbers of cameras at 30 fps each")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--kinds", nargs="*", default=["detect", "track", "all"])
    parser.add_argument("--lanes", type=int, default=DEVICE.lanes)
    parser.add_argument("--at-once", type=int, default=2, help="batches in the network at the same time")
    parser.add_argument("--no-stages", action="store_true")
    parser.add_argument(
        "--compile", action="store_true", help="also the network alone, fused by torch.compile"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--beside", action="store_true", help="also detection and JPEG beside decoders")
    parser.add_argument("--decode-only", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--processes", type=int, default=1, help="measure in so many at once, and add up")
    arguments = parser.parse_args()
    if arguments.decode_only:
        in_threads(arguments.decode_only, 60, lambda: decoding(arguments.clips[0]), "decode")
        return
    if arguments.processes > 1:
        at = sys.argv.index("--processes")
        in_processes(arguments.processes, sys.argv[1:at] + sys.argv[at + 2 :])
        return
    size = Size(*map(int, arguments.size.split("x")))
    results: list[Result] = []

    def tell(result: Result) -> None:
        print(result.line(), flush=True)
        results.append(result)

    with tempfile.TemporaryDirectory() as folder, watched_gpu() as lines:
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
            detector = detector_for(scale, size, arguments.at_once)
            print(f"{detector.describe()} ready in {time.monotonic() - begin:.1f} s", flush=True)
            moved = drifting(detector)
            if not arguments.no_stages:
                for compiled in (False, True)[: 1 + arguments.compile]:
                    tell(network_alone(scale, size, 2, compiled))
                for result in stages_alone(long[0], detector, scale, 2, whole=position == 0):
                    tell(result)
            if arguments.beside and position == 0:
                for result in beside_decoding(long[0], detector, 2):
                    tell(result)
            for clip in long:
                for kind in arguments.kinds:
                    lines.clear()
                    name = f"{scale} {arguments.size} {clip.stem[-18:]} {kind}, {arguments.cameras} cameras"
                    tell(
                        pipeline(
                            name,
                            clip,
                            arguments.cameras,
                            arguments.seconds,
                            detector if kind == "detect" else moved,
                            track=kind != "detect",
                            draw=kind == "all",
                            paced=False,
                            lanes=arguments.lanes,
                        )
                    )
                    print(
                        "   dmon sm mem enc dec jpg:",
                        [" ".join(line.split()[1:6]) for line in lines[-3:] if "#" not in line],
                    )
                for cameras in arguments.paced:
                    name = f"{scale} {arguments.size} {clip.stem[-18:]} paced, {cameras} cameras"
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
                            lanes=arguments.lanes,
                        )
                    )
            del detector, moved
            torch.cuda.empty_cache()
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    print("\n" + "\n".join(result.line() for result in results))


if __name__ == "__main__":
    main()
