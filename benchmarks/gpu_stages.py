"""Each stage of the GPU's pipeline by itself, and beside decoders."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np

from camwire.devices.contracts import Overlay
from camwire.frames import Batch, Frame, Size
from camwire.link.desired import DesiredTracker
from camwire.runtimes.network import Forward
from camwire.tracking import create as create_tracker
from gpu_parts import BOUND, DEVICE, NAMES, ON, GpuDetector, Result, Yolo11, drifting, from_module, torch
from gpu_pipeline import together

MAIN = Path(__file__).with_name("gpu.py")


def in_threads(count: int, seconds: float, make: Callable[[], Callable[[], int]], name: str) -> Result:
    """How much ``count`` threads get done that call what ``make`` gives each of them; where several processes
    measure, all at the same time."""
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
    together(name)
    begin, cpu = time.monotonic(), time.process_time()
    before = sum(totals)  # others may have been waited for meanwhile
    time.sleep(seconds)
    done, cpu, wall = sum(totals) - before, time.process_time() - cpu, time.monotonic() - begin
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
    forward = from_module(scale, Yolo11(scale), size, NAMES, compiled=compiled).instance()
    images = torch.rand((DEVICE.batch_size, 3, size.height, size.width), device="cuda", dtype=torch.float16)
    rate = replayed(forward, images.contiguous(memory_format=torch.channels_last), seconds)
    word = "compiled" if compiled else "as it is"
    return Result(f"network {scale} {size.width}x{size.height} alone, {word}", rate, 0.0)


def replayed(forward: Forward, images: torch.Tensor, seconds: float) -> float:
    """Images a second of what ``forward`` does to ``images``, as a CUDA graph."""
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
    return count / (time.monotonic() - begin)


def stages_alone(clip: Path, detector: GpuDetector, scale: str, seconds: float, whole: bool) -> list[Result]:
    batch = sample_batch(clip, DEVICE.batch_size)

    def detecting() -> Callable[[], int]:
        return lambda: len(detector(batch)) and len(batch)

    results = [in_threads(lanes, seconds, detecting, f"detect {scale}, {lanes} at once") for lanes in (1, 2)]
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
    decoders = (
        in_threads(threads, seconds, lambda: decoding(clip), f"decode, {threads} threads")
        for threads in (8, 28)
    )
    return [*results, *decoders]


def beside_decoding(clip: Path, detector: GpuDetector, seconds: float) -> list[Result]:
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
            other = subprocess.Popen(
                [sys.executable, str(MAIN), str(clip), "--decode-only", "28", "--seconds", "60"]
            )
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
