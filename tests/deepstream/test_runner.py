"""What keeps a pipeline running, with a pipeline that does as it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from camwire.deepstream import runner as room
from camwire.deepstream.elements import Graph
from camwire.deepstream.flow import Flow
from camwire.deepstream.graph import assign_pads, build
from camwire.deepstream.gst import DeepstreamError
from camwire.deepstream.metadata import BatchMeta
from camwire.deepstream.pipeline import Notice, Pipeline
from camwire.deepstream.properties import Value
from camwire.deepstream.runner import Runner
from camwire.deepstream.taps import Handlers
from camwire.pipeline.analysis import Analysis
from camwire.pipeline.recorder import Recorder
from tests.deepstream.desired import NAMES, camera, deepstream, desired
from tests.support.waiting import wait_for


@dataclass
class Faults:
    """What goes wrong, until it is taken back."""

    cameras: set[str] = field(default_factory=set)
    """Those whose elements can't be added to a pipeline that runs."""
    meanwhile: Callable[[], None] = lambda: None
    """Called while such a camera's elements are added."""
    building: Exception | None = None
    ending: Exception | None = None
    notices: list[Exception] = field(default_factory=list)
    """Raised once each."""
    built: int = 0


@dataclass
class Told:
    """A pipeline that says nothing, and fails where ``faults`` says so."""

    graph: Graph
    folder: Path
    handlers: Handlers
    faults: Faults

    def __post_init__(self) -> None:
        if self.faults.building is not None:
            raise self.faults.building
        self.faults.built += 1

    def play(self) -> None: ...

    def stop(self) -> None:
        if self.faults.ending is not None:
            raise self.faults.ending

    def stop_camera(self, graph: Graph, camera: str) -> None: ...

    def stop_output(self, graph: Graph, camera: str) -> None: ...

    def start_camera(self, graph: Graph, camera: str) -> None:
        if camera in self.faults.cameras:
            self.faults.meanwhile()
            raise DeepstreamError(f"{camera} can't be linked")

    def stop_source(self, graph: Graph, camera: str) -> None: ...

    def set_value(self, element: str, name: str, value: Value) -> None: ...

    def notices(self, timeout: float) -> list[Notice]:
        if self.faults.notices:
            raise self.faults.notices.pop()
        time.sleep(min(timeout, 0.01))
        return []

    def queue_levels(self) -> Mapping[str, int]:
        return {"after_detector": 0}


class NoMetadata:
    """No batch ever comes."""

    def check(self, device: str, *, draws: bool) -> None: ...

    def read(self, buffer: object) -> BatchMeta:
        raise AssertionError

    def relabel(self, buffer: object, rows: object, ids: object, texts: object) -> None: ...

    def display(self, buffer: object, display: object) -> None: ...

    def tensors(self, buffer: object) -> tuple[()]:
        return ()

    tensors_alive = 0

    def picture(self, buffer: object, index: int) -> None: ...


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    faults = Faults()
    monkeypatch.setattr(
        room, "Pipeline", lambda graph, folder, handlers: Told(graph, folder, handlers, faults)
    )
    return faults


@pytest.fixture
def flow() -> Flow:
    return Flow(Recorder(), Analysis(), lambda *_: True, NoMetadata())


def handlers_of(flow: Flow) -> Handlers:
    return Handlers(
        arrived=flow.arrived,
        began=flow.began,
        ended=flow.ended,
        tagged=flow.tagged,
        passed=flow.passed,
        analysed=flow.analysed,
        wanted=flow.wanted,
        drawn=flow.drawn,
        encoded=flow.encoded,
        drawable=lambda *_: None,
    )


@pytest.fixture
def runner(flow: Flow, faults: Faults, tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(flow, handlers_of(flow), tmp_path, 10.0)
    yield runner
    faults.ending = None
    assert runner.close(10.0)


def graph(*cameras: str, before: Graph | None = None) -> Graph:
    state = desired(*(camera(name) for name in cameras), settings=deepstream(batch_size=4))
    pads = assign_pads(state, before.pads if before else {})
    return build(state, NAMES, pads, Path("/run/deepstream"), before.batch_size if before else 0)


def runs(runner: Runner, flow: Flow, *cameras: str) -> bool:
    """Whether a pipeline runs and tries to connect exactly these cameras."""
    connecting = [name for name, book in flow.books.items() if book.status.report().retry_at is None]
    return bool(runner.queue_levels()) and sorted(connecting) == sorted(cameras)


def test_a_source_that_can_t_be_started_again_costs_a_pipeline_and_not_the_thread(
    runner: Runner, flow: Flow, faults: Faults
) -> None:
    runner.use(graph("gate", "yard"), 10.0)
    faults.cameras, faults.meanwhile = {"gate"}, lambda: flow.ended("yard")
    flow.ended("gate")
    wait_for(lambda: runner.rebuilds == 1, "a source to fail once more")
    wait_for(lambda: runs(runner, flow, "gate", "yard"), "another pipeline")
    assert faults.built == 2


def test_cameras_that_a_running_pipeline_can_t_take_are_in_the_next_one(
    runner: Runner, flow: Flow, faults: Faults
) -> None:
    before = graph("gate")
    runner.use(before, 10.0)
    faults.cameras = {"yard", "roof"}
    runner.use(graph("gate", "yard", "roof", before=before), 10.0)
    assert sorted(flow.books) == ["gate", "roof", "yard"]
    wait_for(lambda: runs(runner, flow, "gate", "roof", "yard"), "another pipeline")
    assert (runner.rebuilds, faults.built) == (1, 2)


def test_an_error_that_nobody_foresaw_costs_a_pipeline(runner: Runner, flow: Flow, faults: Faults) -> None:
    runner.use(graph("gate"), 10.0)
    faults.building = RuntimeError("so is the next pipeline")
    faults.notices.append(RuntimeError("nobody foresaw this"))
    wait_for(lambda: runner.rebuilds == 2, "two failures")
    assert runner.stuck() is None
    assert "RuntimeError" in (flow.books["gate"].status.report().reason or "")
    faults.building = None
    wait_for(lambda: runs(runner, flow, "gate"), "another pipeline")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ended_is_told(runner: Runner, faults: Faults) -> None:
    runner.use(graph("gate"), 10.0)
    faults.ending = RuntimeError("it can't be stopped either")
    faults.notices.append(RuntimeError("nobody foresaw this"))
    assert wait_for(runner.stuck, "the thread to end") == "the thread that watches the pipeline has ended"


@pytest.mark.integration
def test_files_that_can_t_be_written_are_told(elements: None, flow: Flow, tmp_path: Path) -> None:
    place = tmp_path / "full"
    place.write_text("no folder")
    with pytest.raises(DeepstreamError, match=f"can't be written to {place}: File exists"):
        Pipeline(graph("gate"), place, handlers_of(flow))


def test_another_watchdogs_limit_reaches_cameras_that_run(runner: Runner, flow: Flow, faults: Faults) -> None:
    before = graph("gate")
    runner.use(before, 600.0)
    runner.use(graph("gate", before=before), 0.0)
    status = flow.books["gate"].status
    wait_for(lambda: (status.report().reason or "").startswith("no picture for"), "the silence")
    assert faults.built == 1
