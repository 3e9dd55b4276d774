"""One run of an engine in which every fault happens, each to its own camera, beside cameras that are well."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from camwire.devices import open_device
from camwire.frames import Frame
from camwire.link.desired import DesiredCamera, DesiredModel, DesiredOutput, DesiredState, DesiredTracker
from camwire.link.pictures import Rendition
from camwire.link.reports import CameraReport
from camwire.pipeline.engine import Engine
from tests.models.files import save_dynamic
from tests.reliability.faults import FPS, Fault, FaultyCamera
from tests.support.rtp_camera import RtpCamera
from tests.support.rtsp_faults import TcpProxy
from tests.support.waiting import wait_for

WITNESSES = ("witness 1", "witness 2")
"""Cameras that nothing happens to."""
PATIENCE = 40.0
"""Seconds that anything may take; what it does take is noted."""
FAULTY_FOR = 6.0
"""Seconds from the beginning of all faults to their end, at least."""


@dataclass
class Story:
    """What became of a camera."""

    said: str = ""
    """What was said of it that fits the fault."""
    said_after: float = float("nan")
    back_after: float = float("nan")
    """Seconds from the fault's beginning or end."""
    states: set[tuple[str, str]] = field(default_factory=set)
    """Phase and reason, while the fault lasted."""
    connections: int = 0
    """How many there were after the first."""
    last: CameraReport | None = None
    source_total: int = 0
    """What the source itself counted: handed on, and discarded."""


@dataclass
class Outcome:
    stories: dict[str, Story]
    published: dict[str, int]
    ages: dict[str, list[float]]
    """Seconds from arrival to publishing of the witnesses' pictures: before, during, after."""


class _Published:
    """Stands at the pipeline's end."""

    def __init__(self) -> None:
        self.phase = "starting"
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.ages: defaultdict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def __call__(self, frame: Frame, payload: bytes, rendition: Rendition) -> bool:
        with self._lock:
            self.counts[frame.camera] += 1
            if frame.camera in WITNESSES:
                self.ages[self.phase].append(time.monotonic() - frame.arrived)
        return True


def play(faults: Sequence[Fault], folder: Path, *, before: float = 0.0, after: float = 0.0) -> Outcome:
    """Everything, start to end. ``before`` and ``after``: seconds to measure without any fault."""
    with ExitStack() as stack:
        cameras = {fault.name: _faulty(fault, stack) for fault in faults}
        witnesses = {name: stack.enter_context(RtpCamera(fps=FPS)) for name in WITNESSES}
        desired = [_desired(fault, cameras[fault.name]) for fault in faults]
        desired += [_camera(name, camera.url()) for name, camera in witnesses.items()]
        published = _Published()
        engine = Engine(open_device("cpu"), published)
        try:
            engine.apply(_state(desired, save_dynamic(folder / "tiny.onnx")))
            run = _Run(engine, published, faults, cameras, witnesses)
            run.wait_for_all_live()
            run.measure("before", before)
            run.make_faults()
            run.end_faults()
            run.measure("after", after)
        finally:
            assert engine.stop(30), "threads of the engine did not end"
        return run.outcome()


class _Run:
    def __init__(
        self,
        engine: Engine,
        published: _Published,
        faults: Sequence[Fault],
        cameras: dict[str, FaultyCamera],
        witnesses: dict[str, RtpCamera],
    ) -> None:
        self._engine, self._published = engine, published
        self._faults, self._cameras = faults, cameras
        self._servers = {name: faulty.camera for name, faulty in cameras.items()} | witnesses
        self._stories = {name: Story() for name in self._servers}

    def wait_for_all_live(self) -> None:
        wait_for(
            lambda: all(self._published.counts[name] for name in self._stories), "all to be live", PATIENCE
        )
        for name, server in self._servers.items():
            self._stories[name].connections = -server.connections

    def measure(self, phase: str, seconds: float) -> None:
        self._published.phase = phase
        time.sleep(seconds)

    def make_faults(self) -> None:
        """Begin all, and watch until all has been said that must be."""
        self._published.phase = "during"
        began = time.monotonic()
        for fault in self._faults:
            fault.begin(self._cameras[fault.name])
        silent = {fault for fault in self._faults if fault.says}

        def heard() -> bool:
            reports = self._reports()
            for name, story in self._stories.items():
                story.states.add((reports[name].phase, reports[name].reason or ""))
            passed = time.monotonic() - began
            for fault in list(silent):
                report, story = reports[fault.name], self._stories[fault.name]
                if re.search(fault.says, report.reason or ""):
                    silent.discard(fault)
                    story.said, story.said_after = report.reason or "", passed
            return passed >= FAULTY_FOR and (not silent or passed >= PATIENCE)

        wait_for(heard, "what must be said", 2 * PATIENCE, every=0.25)

    def end_faults(self) -> None:
        """End all, and watch until all cameras are back."""
        self._published.phase = "after"
        ended = time.monotonic()
        seen = {}
        for fault in self._faults:
            fault.end(self._cameras[fault.name])
            seen[fault.name] = self._published.counts[fault.name]
        away = {fault.name for fault in self._faults}

        def back() -> bool:
            reports, passed = self._reports(), time.monotonic() - ended
            for name in list(away):
                if reports[name].phase == "live" and self._published.counts[name] >= seen[name] + 5:
                    away.discard(name)
                    self._stories[name].back_after = passed
            return not away or passed >= PATIENCE

        wait_for(back, "all cameras to be back", 2 * PATIENCE, every=0.1)

    def outcome(self) -> Outcome:
        """After the engine's end, when nothing is under way."""
        for name, report in self._reports().items():
            story = self._stories[name]
            story.last = report
            source = self._engine._sources[name].report()
            story.source_total = source.frames_in + sum(source.discarded.values())
            story.connections += self._servers[name].connections
        return Outcome(self._stories, dict(self._published.counts), dict(self._published.ages))

    def _reports(self) -> dict[str, CameraReport]:
        return {report.id: report for report in self._engine.report()}


def _faulty(fault: Fault, stack: ExitStack) -> FaultyCamera:
    faulty = FaultyCamera()
    fault.prepare(faulty)
    stack.enter_context(faulty.camera)
    if fault.proxied:
        faulty.network = stack.enter_context(TcpProxy(faulty.camera.port))
    return faulty


def _desired(fault: Fault, faulty: FaultyCamera) -> DesiredCamera:
    url = faulty.camera.url(fault.password)
    if faulty.network is not None:
        url = url.replace(f":{faulty.camera.port}/", f":{faulty.network.port}/")
    return _camera(fault.name, url, fault.transport)


def _camera(name: str, url: str, transport: str = "tcp") -> DesiredCamera:
    return DesiredCamera(
        id=name, url=url, enabled=True, transport=transport, latency_ms=300, drop_on_latency=False
    )


def _state(cameras: Sequence[DesiredCamera], model: Path) -> DesiredState:
    return DesiredState(
        revision=1,
        cameras=tuple(cameras),
        model=DesiredModel(
            file=str(model),
            runtime="auto",
            input_size=(96, 64),
            score_threshold=0.4,
            iou_threshold=0.5,
            classes=None,
        ),
        tracker=DesiredTracker(type="bytetrack", trace_length=30),
        output=DesiredOutput(width=320, height=240, max_fps=20.0, jpeg_quality=85),
        toggles={},
        watched=tuple(camera.id for camera in cameras),
        stats_epoch=0,
    )
