"""What a part that fails costs, and what goes on."""

from dataclasses import replace

import numpy as np
import pytest

from camwire.frames import Detections, Size, Tracks
from camwire.pipeline.stages import Stages
from tests.pipeline.lanes import Device, Run
from tests.support.frames import frame
from tests.support.waiting import wait_for


@pytest.mark.parametrize("stage", ["detect", "track", "render", "encode"])
def test_a_failing_stage_costs_its_batch_and_nothing_else(stage):
    calls = {"count": 0}

    def sometimes(function):
        def call(*arguments):
            calls["count"] += 1
            if calls["count"] % 4 == 0:
                raise RuntimeError("as planned")
            return function(*arguments)

        return call

    device = Device()
    run = Run(device=device)
    if stage == "track":
        run.tracker.step = sometimes(run.tracker.step)
    elif stage == "detect":
        run.lanes.stages = Stages(
            device,
            sometimes(lambda batch: Detections.empty()),
            run.tracker,
            run.rules,
            run.lanes.stages.overlay,
            run.lanes.stages.views,
            0.0,
            85,
            Size(32, 18),
        )
    else:
        setattr(device, stage, sometimes(getattr(device, stage)))
    reports = run.put(40).end()
    for report in reports.values():
        assert report.frames_in == 40 == report.frames_out + report.drops["error"]
    assert sum(report.frames_out for report in reports.values()) > 40


def unknown_class(batch, detections):
    """Tracks of a class that the model doesn't have."""
    count = len(batch)
    return replace(
        Tracks.empty(),
        boxes=np.tile(np.float32([10, 10, 50, 50]), (count, 1)),
        scores=np.ones(count, np.float32),
        classes=np.full(count, 56, np.int32),
        ids=np.ones(count, np.int64),
        frame_index=np.arange(count, dtype=np.int32),
        detections=np.zeros(count, np.int32),
        ages=np.ones(count, np.int32),
        velocities=np.zeros((count, 2), np.float32),
        traces=np.zeros((count, 0, 2), np.float32),
    )


def raising(*arguments):
    raise RuntimeError("as planned")


@pytest.mark.parametrize("part", ["processed", "timed", "_chosen", "_made", "_publish", "_illustrate_events"])
def test_whatever_fails_every_lane_goes_on(part):
    """Were a turnstile not passed, all other lanes would wait at it for ever."""
    run = Run(event_pictures=("full",))
    run.rules.reported = frozenset({("a", 3), ("b", 5)})
    if part == "processed":
        run.tracker.step = unknown_class
        run.rules.step = lambda batch, tracks: []
    else:
        setattr(run.recorder if part == "timed" else run.lanes, part, raising)
    reports = run.put(10).end()
    lost = 0 if part in ("timed", "_illustrate_events") else 10
    for report in reports.values():
        assert (report.frames_in, report.frames_out, report.drops.get("error", 0)) == (10, 10 - lost, lost)
    assert run.lanes.under_way.oldest() is None


def test_a_list_of_objects_that_cannot_be_made_costs_its_batch_alone():
    run = Run(views={"a": {"objects": 0.0}, "b": {"full": 0.0}})
    run.lanes.stages = replace(run.lanes.stages, analysed=raising)
    run.tracker.step = lambda batch, detections: replace(
        unknown_class(batch, detections), classes=np.zeros(len(batch), np.int32)
    )
    run.rules.step = lambda batch, tracks: []
    reports = run.put(10).end()
    assert reports["a"].drops == {"error": 10}
    assert all(
        report.frames_in == report.frames_out + sum(report.drops.values()) for report in reports.values()
    )


def test_forgetting_that_fails_lets_the_others_through():
    run, forgotten = Run().put(5), []
    run.tracker.forget, run.rules.forget = raising, forgotten.append
    with pytest.raises(RuntimeError, match="as planned"):
        run.lanes.forget("a")
    assert forgotten == ["a"], "the rules forget all the same"
    del run.tracker.forget
    more = frame("b", 5)
    run.recorder.arrived(more)
    assert run.slots.put(more)
    wait_for(lambda: run.recorder.under_way == 0, "the next frame to come out")
    run.end()


def test_rules_that_fail_cost_no_picture():
    run = Run()

    def fail(batch, tracks):
        raise RuntimeError("as planned")

    run.rules.step = fail
    reports = run.put(20).end()
    assert [(report.frames_out, report.drops) for report in reports.values()] == [(20, {}), (20, {})]
    assert 20 <= run.recorder.failures["analyse"] <= 40, "one of each batch"
