"""The product's sources, slots and lanes on a GPU, as fast as they go or paced."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from glob import escape as glob_escape
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from camwire.analytics.rules import RuleEngine
from camwire.analytics.rules.events import Counts, Event
from camwire.config.rules import LineRule, Rule, ZoneRule
from camwire.devices.contracts import Overlay
from camwire.frames import Batch, Detections, Frame, Size, Tracks
from camwire.link.desired import DesiredCamera, DesiredTracker
from camwire.link.pictures import Rendition
from camwire.link.reports import Quantiles
from camwire.pipeline.engine import MAX_WAIT
from camwire.pipeline.heap import LongLived
from camwire.pipeline.inlet import Inlet
from camwire.pipeline.lane import Lanes
from camwire.pipeline.lending import Lending
from camwire.pipeline.policy import BatchPolicy
from camwire.pipeline.recollection import Recollection
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.slots import Slots
from camwire.pipeline.stages import Stages
from camwire.sources import CameraSource
from camwire.sources.apart import ApartSource, SourceProcesses
from camwire.tracking.apart import create as create_tracker
from gpu_parts import BOUND, DEVICE, NAMES, ON, Result, torch

RULES: list[Rule] = [
    ZoneRule(type="zone", name="yard", polygon=((0.1, 0.3), (0.5, 0.3), (0.5, 0.8), (0.3, 0.5), (0.1, 0.8))),
    LineRule(type="line", name="door", start=(0.1, 0.5), end=(0.9, 0.55)),
]


def together(name: str) -> None:
    """Where several processes measure at the same time: wait until all have got this far."""
    folder, count = os.environ.get("CAMWIRE_TOGETHER", ":1").rsplit(":", 1)
    if not folder:
        return
    (Path(folder) / f"{name.replace('/', '-')} {os.getpid()}").touch()
    deadline = time.monotonic() + 60
    while len(list(Path(folder).glob(f"{glob_escape(name)} *"))) < int(count) and time.monotonic() < deadline:
        time.sleep(0.01)


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


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Waiting:
    """How long a thread waits for the interpreter: what a short sleep takes beyond itself."""

    PAUSE = 0.002

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="waiting")
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            begin = time.perf_counter()
            time.sleep(self.PAUSE)
            self.waits.append(time.perf_counter() - begin - self.PAUSE)

    def told(self) -> str:
        self._stop.set()
        self._thread.join()
        p50, p95 = np.percentile(self.waits, (50, 95)) * 1000
        return f"the interpreter is waited for {p50:.2f} ms (p50), {p95:.2f} ms (p95)"


class Spent:
    """What lanes' threads take of the processor for each stage, and batches so far."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.batches = 0
        self._lock = threading.Lock()

    def by(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose time is counted as the stage's."""

        def counted(*arguments: Any, **named: Any) -> Any:
            begin = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                with self._lock:
                    self.seconds[stage] = self.seconds.get(stage, 0.0) + time.thread_time() - begin
                    self.batches += stage == "detect"

        return counted

    def told(self, before: tuple[dict[str, float], int], frames: int) -> str:
        """Since ``before`` (seconds, batches)."""
        each = {
            stage: round((seconds - before[0].get(stage, 0.0)) / max(frames, 1) * 1e6)
            for stage, seconds in self.seconds.items()
        }
        return f"{frames / max(self.batches - before[1], 1):.1f} frames a batch; CPU µs a frame: {each}"


class TimedDevice:
    """The device as lanes use it, its time counted."""

    def __init__(self, spent: Spent) -> None:
        self.settle = DEVICE.settle
        self.render = spent.by("render", DEVICE.render)
        self.encode = spent.by("encode", DEVICE.encode)


class NoTracker:
    pid = None

    def step(self, batch: Batch, detections: Detections) -> Tracks:  # noqa: ARG002
        return Tracks.empty()

    def forget(self, camera: str) -> None:
        pass

    def close(self) -> None:
        pass


class Rules:
    """A zone and a line on every camera, as the product applies them; none where ``rules`` are none."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._engine = RuleEngine(rules, NAMES)
        self._recollection = Recollection()
        self.counts = Counted(self._engine)

    def step(self, batch: Batch, tracks: Tracks) -> Sequence[Event]:
        self._recollection.add(batch, tracks)
        return self._engine.step(batch, tracks).events

    def forget(self, camera: str) -> None:
        pass


class Counted(Mapping[str, Mapping[str, Counts]]):
    """Counts by camera and rule as they are when they are looked up, for drawing."""

    def __init__(self, engine: RuleEngine) -> None:
        self._engine = engine

    def __getitem__(self, camera: str) -> Mapping[str, Counts]:
        return self._engine.counts_of(camera)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def source_of(
    camera: str, clip: Path, inlet: Inlet, processes: SourceProcesses | None, *, paced: bool
) -> CameraSource | ApartSource:
    """A camera that sends the clip again and again, to be started."""
    desired = DesiredCamera(
        id=camera, url=str(clip), enabled=True, transport="tcp", latency_ms=50, drop_on_latency=False
    )
    if processes is not None:
        return processes.source(desired, inlet, bound=BOUND, paced=paced)
    return CameraSource(
        desired,
        inlet,
        bound=BOUND,
        hwaccel=DEVICE.hwaccel,
        settle=DEVICE.settle,
        paced=paced,
        looped=True,
    )


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
    apart: int = 0,
    batch_sizes: tuple[int, ...] = (),
    max_wait: float = MAX_WAIT,
    spread: float = 5.0,
) -> Result:
    """The product's own sources, slots and lanes for ``seconds``, two seconds after all cameras are live.

    ``apart``: cameras that a source process reads at most; 0: they are read here. ``spread``: seconds within
    which paced cameras begin, as long as the clip.
    """
    LongLived().look(detect)
    free_before, _ = torch.cuda.mem_get_info()
    recorder = Recorder()
    slots = Slots(
        BatchPolicy(DEVICE.batch_size, max_wait),
        on_overwritten=lambda f: recorder.lost((f,), "overwritten"),
        # One thread listens to a source process, so it must not wait for one camera.
        patient=not paced and not apart,
        queued=not paced and bool(apart),
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
    rules, spent = Rules(RULES if track else ()), Spent()
    tracker.step, rules.step = spent.by("track", tracker.step), spent.by("rules", rules.step)
    stages = Stages(
        device=TimedDevice(spent),
        detect=spent.by("detect", detect),
        tracker=tracker,
        analysis=rules,
        overlay=Overlay(ON | {"zones", "lines"}, NAMES, tuple(RULES), rules.counts, BOUND),
        views={camera: {"full": 0.0} for camera in ids} if draw else {},
        max_fps=0.0,
        jpeg_quality=85,
        thumbnail=Size(480, 270),
        batch_sizes=batch_sizes,
    )
    running = Lanes(
        slots,
        recorder,
        publish,
        count=lanes,
        detecting=DEVICE.detecting,
        expected=lambda: cameras,
        stages=stages,
    )
    sources: list[CameraSource | ApartSource] = []
    processes = SourceProcesses(Lending(DEVICE.lender), apart) if apart else None
    running.start()
    for camera in ids:
        recorder.add(camera)
        slots.add(camera)
        sources.append(source_of(camera, clip, Inlet(slots, recorder, DEVICE), processes, paced=paced))
        sources[-1].start()
        if paced:
            # Neither do cameras send in step, nor keyframes, for which the chip needs longer, at once.
            time.sleep(spread / cameras)
    opened = time.monotonic()
    while any(source.report().phase != "live" for source in sources) and time.monotonic() - opened < 40:
        time.sleep(0.1)
    opened = time.monotonic() - opened
    time.sleep(2)
    together(name)

    def dropped() -> Counter[str]:
        now = time.monotonic()
        reports = (
            recorder.report(one, source.report(), now) for one, source in zip(ids, sources, strict=True)
        )
        return sum((Counter(report.drops) for report in reports), Counter())

    waiting, drops = Waiting(), dropped()
    helpers = [] if processes is None else list(processes.pids)
    helpers += [tracker.pid] if tracker.pid else []
    begin, cpu, by_thread = time.monotonic(), time.process_time(), cpu_by_thread()
    others, spent_before = sum(map(cpu_of, helpers)), (dict(spent.seconds), spent.batches)
    time.sleep(seconds)
    end, cpu, later = time.monotonic(), time.process_time() - cpu, cpu_by_thread()
    cpu += sum(map(cpu_of, helpers)) - others
    print(
        f"   opened in {opened:.1f} s; cores busy by thread:",
        {k: round((later[k] - by_thread.get(k, 0.0)) / seconds, 2) for k in later},
        waiting.told(),
    )
    rows = [row for row in done if begin <= row[0] <= end]
    print("  ", spent.told(spent_before, len(rows)))
    free, total = torch.cuda.mem_get_info()
    drops = dropped() - drops
    reports = [recorder.report(one, source.report(), end) for one, source in zip(ids, sources, strict=True)]
    for source in sources:
        source.stop()
    recorder.lost(slots.close(), "stopped")
    for source in sources:
        source.join(10)
    running.join(10)
    tracker.close()
    if processes is not None:
        processes.close()
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
        camera_mb=max(0, free_before - free) / 1e6 / cameras,
        drops={k: v for k, v in drops.items() if k not in ("unwatched", "stopped")},
        stages_ms=typical_stages([report.latency_ms for report in reports]),
    )


def typical_stages(cameras: Sequence[Mapping[str, Quantiles]]) -> dict[str, tuple[float, float]]:
    """The middle camera's p50 and p95 of each stage."""
    by_stage = {stage: [camera[stage] for camera in cameras if stage in camera] for stage in cameras[0]}
    return {
        stage: (median(one.p50 for one in quantiles), median(one.p95 for one in quantiles))
        for stage, quantiles in by_stage.items()
    }
