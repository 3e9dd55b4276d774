"""What lanes draw and send of a frame: what is wanted, at the rates that are, and pictures of events."""

import pytest

from camwire.frames import Size
from tests.pipeline.lanes import Device, Run
from tests.support.frames import frame


def test_a_camera_that_nobody_watches_is_tracked_but_not_drawn():
    run = Run(views={"a": {"full": 0.0}}).put(10)
    reports = run.end()
    assert {camera for camera, _, _ in run.sent} == {"a"}
    assert len(run.tracker.seen) == 20
    assert reports["b"].drops == {"unwatched": 10}


def test_pictures_over_the_cap_are_counted():
    run = Run(max_fps=5.0).put(50)  # the frames' clock runs at 25 a second
    report = run.end()["a"]
    assert report.frames_out in (10, 11)  # two seconds at 5 a second, both ends included
    assert report.drops == {"fps_cap": 50 - report.frames_out}


def test_each_rendition_is_made_once_and_only_where_it_is_wanted():
    drawn = []

    class Noting(Device):
        def render(self, batch, chosen, tracks, overlay):
            drawn.extend((batch.frames[i].camera, batch.frames[i].size, overlay.toggles) for i in chosen)
            return super().render(batch, chosen, tracks, overlay)

    views = {"a": {"thumbnail": 0.0, "clean": 0.0}, "b": {"objects": 0.0}}
    run = Run(device=Noting(), views=views).put(5)
    reports = run.end()
    assert len(drawn) == 10, "an object list needs no drawing"
    assert {(camera, toggles) for camera, _, toggles in drawn} == {
        ("a", frozenset({"boxes"})),
        ("a", frozenset()),
    }
    made = [(rendition, sent.camera) for rendition, sent in run.made]
    assert {one: made.count(one) for one in made} == {
        ("thumbnail", "a"): 5,
        ("clean", "a"): 5,
        ("objects", "b"): 5,
    }
    assert {sent.size for rendition, sent in run.made if rendition == "thumbnail"} == {Size(32, 18)}
    assert {sent.size for rendition, sent in run.made if rendition == "clean"} == {frame("a", 0).size}
    assert {"render", "encode"} <= reports["a"].latency_ms.keys()
    assert {"render", "encode", "total"} & reports["b"].latency_ms.keys() == {"total"}
    assert [reports[camera].frames_out for camera in "ab"] == [5, 5]
    assert [reports[camera].drops for camera in "ab"] == [{}, {}]


def test_the_lowest_rate_that_is_wanted_is_the_rate_at_which_is_drawn():
    run = Run(views={"a": {"full": 5.0, "objects": 0.0}, "b": {"full": 5.0}}).put(100)  # 10 pictures a second
    reports = run.end()
    made = [(rendition, sent.camera) for rendition, sent in run.made]
    assert made.count(("objects", "a")) == 100
    full = made.count(("full", "b"))
    assert full < 100
    assert reports["a"].drops == {}, "of each frame at least the objects went out"
    assert reports["b"].drops == {"fps_cap": 100 - full}


@pytest.mark.parametrize("views", [{}, {"a": {"full": 0.0}, "b": {"full": 0.0}}])
def test_frames_of_events_have_their_pictures_whether_or_not_anyone_watches(views):
    run = Run(views=views, event_pictures=("full", "clean"))
    run.rules.reported = frozenset({("a", 3), ("a", 7), ("b", 3)})
    reports = run.put(10).end()
    shown = [(rendition, one.camera, one.sequence) for rendition, one in run.made if "event" in rendition]
    assert sorted(shown) == sorted(
        (rendition, camera, number)
        for rendition in ("event", "event_clean")
        for camera, number in run.rules.reported
    )
    for report in reports.values():
        assert report.frames_in == report.frames_out + sum(report.drops.values()) == 10
        assert report.frames_out == (10 if views else 0)


def test_a_picture_of_an_event_that_cannot_be_drawn_costs_nothing_else():
    class Broken(Device):
        def render(self, batch, chosen, tracks, overlay):
            raise RuntimeError("no pencil")

    run = Run(views={}, device=Broken(), event_pictures=("full",))
    run.rules.reported = frozenset({("a", 3)})
    reports = run.put(10).end()
    assert run.made == []
    assert reports["a"].drops["unwatched"] == 10
