"""The engine's deciding parts, by value."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.analytics.nvdsanalytics.results import FrameResult, ObjectResult
from camwire.analytics.rules import RuleEngine
from camwire.config.rules import ZoneRule
from camwire.deepstream.changes import pipeline_changes
from camwire.deepstream.elements import Graph
from camwire.deepstream.flow import Flow, scaled
from camwire.deepstream.graph import assign_pads, build
from camwire.deepstream.ledger import MOST, Ledger
from camwire.deepstream.metadata import UNTRACKED, BatchMeta
from camwire.deepstream.nvds_results import NvdsResults
from camwire.deepstream.objects import TrackHistory
from camwire.deepstream.scene import FlowScene
from camwire.deepstream.timing import UNDER_WAY, BatchTimes
from camwire.deepstream.watch import FIRST_BATCH, PipelineWatch, SourceWatch
from camwire.devices.contracts import Overlay
from camwire.frames import Batch, Frame, Size
from camwire.link.desired import DesiredCamera, DesiredState
from camwire.link.pictures import Rendition
from camwire.pipeline.analysis import Analysis
from camwire.pipeline.recorder import Recorder
from camwire.sources.status import SourceStatus
from tests.deepstream.desired import NAMES, camera, deepstream, desired

FOLDER = Path("/run/deepstream")


def frame(name: str = "gate", time: float = 0.0) -> Frame:
    size = Size(640, 360)
    return Frame(name, 0, 0, None, size, size, time, 0.0, 0.0, 0.0)


def meta(*objects: tuple[int, int, float, tuple[float, float, float, float]], frames: int = 1) -> BatchMeta:
    """Objects as frame, id, score, box."""
    return BatchMeta(
        pads=np.arange(frames, dtype=np.int32),
        pts=np.arange(frames, dtype=np.int64),
        captured=np.zeros(frames),
        sizes=np.full((frames, 2), (1280, 720), np.int32),
        source_sizes=np.full((frames, 2), (1920, 1080), np.int32),
        inferred=np.ones(frames, np.bool_),
        frame_index=np.array([one[0] for one in objects], np.int32),
        ids=np.array([one[1] for one in objects], np.uint64),
        classes=np.zeros(len(objects), np.int32),
        scores=np.array([one[2] for one in objects], np.float32),
        boxes=np.array([one[3] for one in objects], np.float32).reshape(-1, 4),
    )


# --- tracks ----------------------------------------------------------------------------------


LARGE_IDS = st.builds(lambda high, low: high << 32 | low, st.integers(0, 2**32 - 1), st.integers(0, 99))
"""With `useUniqueID: 1`: a random number for the stream, and one that counts."""


@given(st.lists(LARGE_IDS.filter(lambda number: number != UNTRACKED), unique=True, min_size=1, max_size=4))
def test_nvtrackers_large_ids_are_objects_of_their_camera_in_rules(numbers: list[int]) -> None:
    """Rules keep cameras and ids in one number."""
    high = numbers[0] >> 32
    numbers = sorted({high << 32 | number & 0xFFFFFFFF for number in numbers})
    zone = ZoneRule(name="all", type="zone", polygon=((0, 0), (1, 0), (1, 1), (0, 1)))
    engine, history = RuleEngine([zone], ["person"]), TrackHistory(0)
    seen = meta(*((0, number, 0.9, (9, 9, 29, 49)) for number in numbers))
    for index, (time, objects) in enumerate(((0.0, seen), (0.1, seen), (9.0, meta()))):
        step = Batch(index, (frame(time=time),), 0.0)
        tracks = history.step(step, objects)
        assert len(set(tracks.ids.tolist())) == len(tracks)
        events = engine.step(step, tracks).events
    assert [(event.kind, event.camera) for event in events] == [("exit", "gate")] * len(numbers)
    assert engine.counts_of("gate")["all"]["exited"] == {"person": len(numbers)}


def test_what_nvdsanalytics_says_of_an_untracked_object_is_left_out() -> None:
    seen = meta((0, 1, 0.9, (9, 9, 29, 49)), (0, UNTRACKED, 0.9, (0, 0, 5, 5)))
    said = [ObjectResult(0, status="ROI:a"), ObjectResult(1, status="ROI:b")]
    result = FrameResult({}, {}, {}, {}, {}, {}, {}, said)
    batch, results = Batch(0, (frame(),), 0.0), NvdsResults()
    results.note(batch, replace(seen, analytics=[result]), TrackHistory(0).step(batch, seen), ["person"])
    told = results.frame_of(batch.frames[0])
    assert told is not None
    assert {place: one.obj_status for place, one in told.objects.items()} == {0: "ROI:a"}


def test_nvtrackers_objects_get_ages_speeds_and_traces() -> None:
    history = TrackHistory(3)
    for step in range(3):
        left = 10.0 * step
        seen = meta((0, 7, 0.9, (left, 0, left + 20, 40)), (0, UNTRACKED, 0.5, (0, 0, 5, 5)))
        tracks = history.step(Batch(step, (frame(time=step * 0.1),), 0.0), seen)
    assert tracks.ids.tolist() == [8]
    assert tracks.ages.tolist() == [2]
    assert tracks.detections.tolist() == [0]
    np.testing.assert_allclose(tracks.velocities, [[100, 0]], rtol=1e-4)
    np.testing.assert_allclose(tracks.traces, [[[10, 40], [20, 40], [30, 40]]])


@pytest.mark.parametrize("nowhere", [np.nan, np.inf])
def test_an_object_whose_box_is_no_numbers_is_none_and_takes_nothing_from_others(nowhere: float) -> None:
    history, box = TrackHistory(2), (0.0, 0.0, 20.0, 40.0)
    for time, left in ((0.0, 0.0), (0.1, nowhere), (0.2, 0.0)):
        seen = meta((0, 6, 0.9, (left, 0, 20, 40)), (0, 7, 0.8, box))
        tracks = history.step(Batch(0, (frame(time=time),), 0.0), seen)
        assert tracks.ids.tolist() == ([7, 8] if np.isfinite(left) else [8])
    assert tracks.ages.tolist() == [2, 2]
    assert np.isfinite(tracks.velocities).all()


def test_an_object_that_only_the_tracker_sees_keeps_its_score() -> None:
    history = TrackHistory(0)
    history.step(Batch(0, (frame(),), 0.0), meta((0, 7, 0.9, (0, 0, 20, 40))))
    tracks = history.step(Batch(1, (frame(time=0.1),), 0.0), meta((0, 7, -0.1, (2, 0, 22, 40))))
    assert tracks.scores.tolist() == pytest.approx([0.9])
    assert tracks.detections.tolist() == [-1]


def test_an_object_that_was_away_keeps_its_age_and_cameras_are_apart() -> None:
    history = TrackHistory(0)
    box = (0.0, 0.0, 20.0, 40.0)
    two = (frame("gate"), frame("yard"))
    history.step(Batch(0, two, 0.0), meta((0, 7, 0.9, box), (1, 7, 0.8, box), frames=2))
    history.step(Batch(1, (frame("gate", 0.1),), 0.0), meta())
    tracks = history.step(
        Batch(2, (frame("gate", 0.2), frame("yard", 0.2)), 0.0), meta((0, 7, 0.9, box), frames=2)
    )
    assert tracks.ages.tolist() == [2]
    history.forget("gate")
    tracks = history.step(Batch(3, (frame("gate", 0.3),), 0.0), meta((0, 7, 0.9, box)))
    assert tracks.ages.tolist() == [0]


@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 1), st.sampled_from([0, 1, 2, 5, UNTRACKED]), st.floats(-0.1, 1)),
            max_size=6,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_objects_make_sound_tracks(steps: list[list[tuple[int, int, float]]]) -> None:
    history = TrackHistory(2)
    for number, objects in enumerate(steps):
        unique = {(index, identity): score for index, identity, score in objects}
        rows = sorted(unique.items(), key=lambda item: item[0][0])
        given_ = meta(*((index, one, score, (0, 0, 9, 9)) for (index, one), score in rows), frames=2)
        time = number * 0.04
        tracks = history.step(Batch(number, (frame("a", time), frame("b", time)), 0.0), given_)
        assert len(tracks) == sum(one != UNTRACKED for _, one in unique)
        assert np.all(np.diff(tracks.frame_index) >= 0)
        assert np.all(tracks.ids >= 1)
        assert np.all(tracks.scores >= 0)
        assert np.isfinite(tracks.velocities).all()
        assert np.all(tracks.ages <= number)


def test_boxes_are_scaled_with_their_pictures() -> None:
    small = scaled(meta((0, 1, 0.9, (0, 0, 1280, 720))), Size(640, 640))
    assert small.sizes.tolist() == [[640, 360]]
    assert small.boxes.tolist() == [[0, 0, 640, 360]]
    assert scaled(meta(), None).sizes.tolist() == [[1280, 720]]


def test_only_some_frames_of_a_batch() -> None:
    box = (0.0, 0.0, 1.0, 1.0)
    some = meta((0, 1, 0.9, box), (1, 2, 0.9, box), (2, 3, 0.9, box), frames=3).only([0, 2])
    assert some.pads.tolist() == [0, 2]
    assert some.ids.tolist() == [1, 3]
    assert some.frame_index.tolist() == [0, 1]


class Known:
    """Metadata that is known beforehand."""

    def __init__(self, batch: BatchMeta) -> None:
        self.batch = batch

    def check(self, device: str, *, draws: bool) -> None: ...

    def read(self, buffer: object) -> BatchMeta:
        return self.batch

    def relabel(self, buffer: object, rows: object, ids: object, texts: object) -> None: ...

    def picture(self, buffer: object, index: int) -> None: ...


@dataclass
class Buffer:
    pts: int = 1


def scene(cameras: Mapping[int, str]) -> FlowScene:
    """What was found in every camera's pictures is wanted."""
    return FlowScene(
        cameras=cameras,
        bound=None,
        history=TrackHistory(0),
        tracker=None,
        relabels=False,
        drawn_here=False,
        overlay=Overlay(frozenset(), NAMES),
        views={name: {"objects": 0.0} for name in cameras.values()},
        max_fps=0.0,
        jpeg_quality=80,
        thumbnail=Size(480, 270),
    )


def test_a_picture_that_is_older_than_its_pads_camera_is_anothers() -> None:
    """Pads are given again while pictures of the camera that left are still under way."""
    published: list[str] = []

    def publish(made: Frame, payload: bytes, rendition: Rendition) -> bool:
        published.append(made.camera)
        return True

    recorder = Recorder()
    batch = replace(meta(frames=3), captured=np.array([999.5, 1000.5, 900.0]))
    flow = Flow(recorder, Analysis(), publish, Known(batch), clock=lambda: 5.0, wall_clock=lambda: 1000.0)
    cameras = {0: "new", 1: "gate", 2: "clock was set"}
    for name in cameras.values():
        flow.add(name)
    flow.scene = scene(cameras)
    flow.analysed(Buffer())
    assert published == ["gate", "clock was set"]
    flow.remove("gate")
    flow.analysed(Buffer(2))
    assert published == ["gate", "clock was set", "clock was set"]


class Contended:
    """A lock that somebody else gets first, once."""

    def __init__(self, first: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._first = [first]

    def __enter__(self) -> None:
        if self._first:
            self._first.pop()()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_a_camera_that_is_removed_while_a_batch_waits_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published: list[str] = []

    def publish(made: Frame, payload: bytes, rendition: Rendition) -> bool:
        published.append(made.camera)
        return True

    recorder = Recorder()
    flow = Flow(recorder, Analysis(), publish, Known(meta(frames=2)))
    for name in ("gate", "yard"):
        flow.add(name)
    flow.scene = scene({0: "gate", 1: "yard"})
    monkeypatch.setattr(flow, "_in_order", Contended(lambda: flow.remove("gate")))
    flow.analysed(Buffer())
    assert published == ["yard"]
    report = recorder.report("yard", SourceStatus().report(), 0.0)
    assert (report.frames_in, report.frames_out) == (1, 1)


# --- what is on its way ------------------------------------------------------------------------


def test_a_ledger_gives_up_what_was_overtaken() -> None:
    lost: list[str] = []
    ledger: Ledger[str] = Ledger(lost.extend)
    for number in range(4):
        ledger.put(number * 10, f"picture {number}")
    assert ledger.find(10) == "picture 1"
    assert ledger.take(20) == "picture 2"
    assert lost == ["picture 0", "picture 1"]
    assert ledger.take(20) is None
    assert ledger.take(99) is None
    assert ledger.clear() == ["picture 3"]


def test_a_ledger_is_bounded_and_takes_a_timestamp_once() -> None:
    lost: list[int] = []
    ledger: Ledger[int] = Ledger(lost.extend)
    for number in range(MOST + 2):
        ledger.put(number, number)
    assert lost == [0, 1]
    ledger.put(5, 500)
    assert lost == [0, 1, 5]


def test_times_of_batches_are_bounded() -> None:
    times = BatchTimes()
    for number in range(UNDER_WAY + 1):
        times.passed("formed", number, float(number))
    times.passed("detected", 5, 7.0)
    assert times.take(0) == {}
    assert times.take(5) == {"formed": 5.0, "detected": 7.0}
    assert times.take(5) == {}


# --- watching ------------------------------------------------------------------------------------


def test_a_pipeline_is_given_up_when_pictures_come_in_and_none_come_out() -> None:
    watch = PipelineWatch(10.0, lambda: 1.0)
    watch.started(100.0)
    watch.batch(101.0)
    assert watch.complaint(110.0, 111.0) is None
    assert watch.complaint(111.0, 112.0) == "no batch came out for 11 s"
    # Sources that are silent themselves are no reason.
    assert watch.complaint(101.0, 112.0) is None
    assert watch.complaint(None, 112.0) is None


def test_a_new_pipeline_has_time_to_build_an_engine() -> None:
    watch = PipelineWatch(10.0, lambda: 1.0)
    watch.started(0.0)
    assert watch.complaint(200.0, 200.0) is None
    assert watch.complaint(FIRST_BATCH + 1, FIRST_BATCH + 1)


def test_failures_in_a_row_are_tried_ever_later_and_a_good_run_is_forgiven() -> None:
    watch = PipelineWatch(10.0, lambda: 1.0)
    pauses, now = [], 0.0
    for _ in range(5):
        watch.started(now)
        pauses.append(watch.failed(now, "broken") - now)
        now += pauses[-1]
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1] <= 4.0
    watch.started(now)
    for step in range(1, 10):
        watch.batch(now + step)
    assert watch.failed(now + 10, "broken again") - now - 10 == pytest.approx(pauses[0])
    assert watch.rebuilds == 6


def test_a_silent_source_is_given_up_and_tried_again_when_it_is_time() -> None:
    watch = SourceWatch(10.0, now=0.0)
    assert watch.complaint(None, 9.0) is None
    assert watch.complaint(None, 11.0) == "no picture for 11 s"
    assert watch.complaint(5.0, 11.0) is None
    watch.failed(12.0)
    assert watch.complaint(None, 100.0) is None
    assert not watch.is_due(11.9)
    assert watch.is_due(12.0)
    watch.started(12.0)
    assert not watch.is_due(50.0)


# --- changes ---------------------------------------------------------------------------------------


def graph(state: DesiredState, before: Graph | None = None) -> Graph:
    pads = assign_pads(state, before.pads if before else {})
    return build(state, NAMES, pads, FOLDER, before.batch_size if before else 0)


ONE, TWO, THREE = camera("one"), camera("two"), camera("three")


def test_the_first_pipeline_and_one_with_another_trunk_are_built_whole() -> None:
    first = graph(desired(ONE))
    assert pipeline_changes(None, first).rebuild
    assert pipeline_changes(first, graph(desired(ONE, settings=deepstream(tracker="nvsort")))).rebuild
    assert pipeline_changes(first, graph(desired(ONE, TWO), first)).rebuild  # another batch size


@pytest.mark.parametrize(
    ("wanted", "stop", "start"),
    [
        ((ONE, TWO), (), ()),
        ((ONE,), ("two",), ()),
        ((TWO, THREE), ("one",), ("three",)),
        ((ONE, TWO, THREE), (), ("three",)),
        ((ONE, camera("two", "rtsp://elsewhere/")), ("two",), ("two",)),
        ((ONE, camera("two", enabled=False)), ("two",), ()),
    ],
)
def test_only_cameras_that_differ_are_touched(
    wanted: tuple[DesiredCamera, ...], stop: tuple[str, ...], start: tuple[str, ...]
) -> None:
    settings = deepstream(batch_size=3)
    running = graph(desired(ONE, TWO, settings=settings))
    changes = pipeline_changes(running, graph(desired(*wanted, settings=settings), running))
    assert not changes.rebuild
    assert (changes.stop, changes.start, changes.values) == (stop, start, ())


def test_toggles_and_quality_are_set_as_the_pipeline_runs() -> None:
    running = graph(desired(ONE))
    changes = pipeline_changes(
        running, graph(desired(ONE, toggles={"boxes": False, "labels": True}), running)
    )
    assert not changes.rebuild
    assert (changes.stop, changes.start) == ((), ())
    assert changes.values == (("osd_0", "display-bbox", False),)
