"""Which devices have their tracker in a process of its own, and that none of those processes is left."""

from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from camwire.devices.cpu import CpuDevice
from camwire.link.desired import DesiredTracker
from camwire.models import ModelError
from camwire.pipeline.engine import Engine
from camwire.pipeline.trackers import load_tracker
from camwire.tracking import apart
from camwire.tracking.apart import ApartTracker
from tests.pipeline.lanes import Rules, Run, Tracker
from tests.pipeline.test_engine import desired

pytestmark = pytest.mark.integration


class StandIn(CpuDevice):
    """A device that isn't the CPU, to those who ask for its name."""

    name = "stand-in"


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(StandIn(), lambda frame, payload, rendition: True)
    engine.apply(desired(1))
    yield engine
    assert engine.stop(5)


def settings(kind: str, config: str | None = None) -> DesiredTracker:
    return DesiredTracker(type=kind, trace_length=30, config=config)


def process_of(engine: Engine) -> int:
    pid = engine._tracker._tracker.pid
    assert psutil.pid_exists(pid)
    return pid


@pytest.mark.parametrize(
    ("device", "kind", "apart"),
    [
        (CpuDevice, "bytetrack", False),
        (StandIn, "bytetrack", True),
        (StandIn, "nvsort", True),
        (StandIn, "dcf", False),
    ],
)
def test_beside_a_gpu_trackers_that_look_at_no_pictures_are_apart(device, kind, apart) -> None:
    tracker = load_tracker(settings(kind), 0.5, device())
    assert isinstance(tracker._tracker, ApartTracker) == apart
    tracker.close()


def test_a_process_that_cannot_start_is_the_trackers_fault(monkeypatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(ModelError, match=r"tracker: .*it ended with status 1"):
        load_tracker(settings("sort"), 0.5, StandIn())
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(ModelError, match=r"tracker: .*can't be started: No such file"):
        load_tracker(settings("sort"), 0.5, StandIn())


def test_another_tracker_takes_the_place_of_the_process_before(engine) -> None:
    first = process_of(engine)
    engine.apply(desired(2, toggles={"boxes": False}))
    assert process_of(engine) == first
    assert engine.helpers == (first,)
    engine.apply(desired(3, tracker=settings("ocsort")))
    assert process_of(engine) != first
    assert not psutil.pid_exists(first)


def test_a_refused_document_leaves_the_process_that_ran_and_no_other(engine) -> None:
    before, children = process_of(engine), psutil.Process().children()
    rule = {"type": "zone", "name": "door", "classes": ["unicorn"], "polygon": [[0, 0], [1, 0], [1, 1]]}
    with pytest.raises(ModelError, match="unicorn"):
        engine.apply(desired(2, rules=(rule,), tracker=settings("ocsort")))
    assert process_of(engine) == before
    assert psutil.Process().children() == children


def test_stopping_ends_the_process(engine) -> None:
    child = process_of(engine)
    assert engine.stop(5)
    assert not psutil.pid_exists(child)
    engine.apply(desired(2, tracker=settings("ocsort")))
    assert engine._tracker._tracker.pid is None, "what comes after the end starts nothing"


class Doomed(Tracker):
    """Tracks in a process that is killed before its fifth batch."""

    def __init__(self) -> None:
        super().__init__()
        self.apart = apart.create(settings("bytetrack"))
        self.batches = 0

    def step(self, batch, detections):
        self.batches += 1
        if self.batches == 5:
            psutil.Process(self.apart.pid).kill()
        self.apart.step(batch, detections)
        return super().step(batch, detections)


def test_lanes_lose_one_batch_when_the_process_is_killed() -> None:
    run, tracker = Run(), Doomed()
    run.lanes.stages = replace(run.lanes.stages, tracker=tracker, analysis=Rules(tracker))
    reports = run.put(20).end()
    lost = {camera: report.drops.get("error", 0) for camera, report in reports.items()}
    assert sum(lost.values()) in (1, 2), "as many frames as were in the batch"
    for camera, report in reports.items():
        assert (report.frames_in, report.frames_out) == (20, 20 - lost[camera])
    assert run.recorder.failures == {"track": 1}
    tracker.apart.close()
