"""The engine as a whole: batches, cameras, time, and keeping what was counted."""

import dataclasses

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.analytics.rules import RuleEngine
from camwire.analytics.rules.renames import successors
from camwire.config.rules import DirectionRule, HeatmapRule, LineRule, SpeedRule, ZoneRule
from camwire.frames import Size
from tests.analytics.rules.scene import CLASSES, START, Scene, obj, seconds

AREA = ((0.4, 0.2), (0.6, 0.2), (0.6, 0.6), (0.4, 0.6))


def zone(name="yard", **settings):
    return ZoneRule(type="zone", name=name, polygon=AREA, **settings)


def line(name="door", **settings):
    return LineRule(type="line", name=name, start=(0.3, 0.5), end=(0.7, 0.5), **settings)


def everything():
    return [
        zone(loitering=1, overcrowding={"objects": 2}),
        line(),
        DirectionRule(type="direction", name="down", start=(0.5, 0.1), end=(0.5, 0.9)),
        SpeedRule(type="speed", name="pace", limit=50),
        HeatmapRule(type="heatmap", name="map", columns=4, rows=3),
    ]


def passed_on(state):
    """What another process gets to see."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), strict=False)


def strollers(seed, count=6):
    """A function of time that gives objects on straight, wrapping ways."""
    random = np.random.default_rng(seed)
    places, speeds = random.uniform((0, 0), (1000, 500), (count, 2)), random.uniform(-200, 200, (count, 2))

    def at(time):
        found = (places + speeds * time) % (1000, 500)
        return [obj(i + 1, x, y, i % 2) for i, (x, y) in enumerate(found.tolist())]

    return at


def test_no_rules_and_no_objects_are_fine():
    scene = Scene()
    assert scene.step(0, obj(1, 500, 200)).speeds.shape == (1,)
    assert scene.engine.counts() == {}
    empty = Scene(*everything())
    assert empty.step(0).events == ()


def test_cameras_are_apart():
    scene = Scene(zone(), line())
    scene.batch([("a", 0, [obj(1, 500, 200)]), ("b", 0, [obj(1, 500, 400)])])
    scene.batch([("b", 1, [obj(1, 500, 200)]), ("a", 1, [obj(1, 500, 400)])])
    assert [(event.camera, event.kind) for event in scene.events] == [
        ("a", "enter"), ("b", "enter"), ("b", "out"), ("a", "exit"), ("a", "in"),
    ]  # fmt: skip


def test_rules_go_to_their_cameras_only():
    scene = Scene(zone("one", cameras=("a",)), zone("off", enabled=False), zone("all"))
    scene.batch([(camera, 0, [obj(1, 500, 200)]) for camera in ("a", "b")])
    assert [(event.camera, event.rule) for event in scene.events] == [
        ("a", "one"),
        ("a", "all"),
        ("b", "all"),
    ]


def without_sequence(event):
    """Frames are numbered by the scene, not by the camera."""
    return dataclasses.replace(event, sequence=0)


@pytest.mark.parametrize("seed", range(3))
def test_many_cameras_in_a_batch_give_what_each_gives_alone(seed):
    cameras = [f"cam{n}" for n in range(5)]
    crowds = {camera: strollers(seed * 10 + n) for n, camera in enumerate(cameras)}
    together = Scene(*everything())
    alone = {camera: Scene(*everything()) for camera in cameras}
    random = np.random.default_rng(seed)
    for time in seconds(0, 12, rate=8):
        chosen = [camera for camera in cameras if random.random() < 0.8]
        if chosen:
            together.batch([(camera, time, crowds[camera](time)) for camera in chosen])
        for camera in chosen:
            alone[camera].step(time, *crowds[camera](time), camera=camera)
    for camera in cameras:
        mine = [event for event in together.events if event.camera == camera]
        assert len(mine) > 10
        assert [without_sequence(event) for event in mine] == [
            without_sequence(event) for event in alone[camera].events
        ]
        assert together.engine.heatmap("map", camera) == pytest.approx(
            alone[camera].engine.heatmap("map", camera)
        )


def test_time_goes_on_over_a_reconnect():
    scene = Scene(zone(loitering=5))
    scene.step(100.0, obj(1, 500, 200), machine=50.0)
    scene.step(102.0, obj(1, 500, 200), machine=52.0)
    scene.step(0.0, obj(1, 500, 200), epoch=1, machine=54.0)
    scene.step(0.9, obj(1, 500, 200), epoch=1, machine=54.9)
    assert scene.kinds() == ["enter"]
    scene.step(1.0, obj(1, 500, 200), epoch=1, machine=55.0)
    assert scene.kinds() == ["enter", "loitering"]
    assert scene.events[1].value == pytest.approx(5)
    assert scene.events[1].time == START + 1.0


def test_a_long_outage_ends_what_was_there():
    scene = Scene(zone())
    scene.step(10.0, obj(1, 500, 200), machine=10.0)
    scene.step(0.0, obj(2, 500, 200), epoch=1, machine=70.0)
    assert scene.kinds() == ["enter", "exit", "enter"]
    assert scene.total("yard", "inside") == 1


def test_a_new_picture_size_moves_the_shapes_along():
    scene = Scene(zone(), line())
    scene.step(0, obj(1, 500, 200), size=Size(1000, 500))
    scene.step(1, obj(1, 250, 100), size=Size(500, 250))
    assert scene.kinds() == ["enter"]
    scene.step(2, obj(1, 250, 200), size=Size(500, 250))
    assert scene.kinds("door") == ["in"]


def test_objects_long_gone_are_forgotten():
    scene = Scene(*everything())
    for time in range(400):
        scene.step(time / 4, *(obj(10 * time + i, 500, 200) for i in range(10)))
    assert scene.engine._table.capacity < 400
    assert scene.total("yard", "inside") == scene.total("yard", "entered") - scene.total("yard", "exited")
    assert scene.total("yard", "inside") <= 130


def test_counting_anew_leaves_who_is_inside():
    scene = Scene(zone(), line(), HeatmapRule(type="heatmap", name="map"))
    scene.step(0, obj(1, 500, 200))
    scene.step(1, obj(1, 500, 290))
    scene.engine.clear(["yard"])
    assert scene.engine.counts()["yard"]["gate"] == {"inside": {"person": 1}, "entered": {}, "exited": {}}
    assert scene.total("door", "in") == 1
    scene.engine.clear()
    assert scene.total("door", "in") == 0
    assert scene.engine.heatmap("map", "gate").sum() == 0


@pytest.mark.parametrize("cut", [1.0, 3.3, 7.0])
def test_a_change_of_configuration_goes_unnoticed_by_rules_it_does_not_touch(cut):
    at = strollers(5)
    whole, first = Scene(*everything()), Scene(*everything())
    for time in seconds(0, 10):
        whole.step(time, *at(time))
        if time <= cut:
            first.step(time, *at(time))
    changed = [
        line("another"),
        *[rule.model_copy(update={"colour": "#000000"}) for rule in reversed(everything())],
    ]
    engine = RuleEngine(changed, CLASSES)
    engine.restore(passed_on(first.engine.export()))
    second = Scene(engine=engine)
    for time in seconds(0, 10):
        if time > cut:
            second.step(time, *at(time))
    assert whole.engine.counts() == {
        name: counts for name, counts in engine.counts().items() if name != "another"
    }

    def told(events):
        return sorted((e.time, e.rule, e.kind, e.subject.object_id if e.subject else 0) for e in events)

    assert told(whole.events) == told(first.events + [e for e in second.events if e.rule != "another"])
    assert engine.heatmap("map", "gate") == pytest.approx(whole.engine.heatmap("map", "gate"), rel=1e-4)


def test_a_changed_rule_begins_anew():
    first = Scene(line())
    first.step(0, obj(1, 500, 200))
    first.step(1, obj(1, 500, 300))
    for rule, kept in ((line(), 1), (line(infinite=True), 0), (line("other", infinite=True), 0)):
        engine = RuleEngine([rule], CLASSES)
        engine.restore(passed_on(first.engine.export()))
        Scene(engine=engine).step(2)
        assert sum(engine.counts()[rule.name]["gate"]["in"].values()) == kept


def test_a_renamed_rule_goes_on_counting():
    first = Scene(zone(), line())
    first.step(0, obj(1, 500, 200))
    first.step(1, obj(1, 500, 280))
    engine = RuleEngine([line("new door", colour="#000000"), zone("new yard")], CLASSES)
    engine.restore(passed_on(first.engine.export()))
    second = Scene(engine=engine)
    second.step(2, obj(1, 500, 290))
    assert second.total("new door", "in") == 1
    assert second.total("new yard", "inside") == 1
    assert second.kinds() == []
    assert sorted(engine.export()["rules"]) == ["new door", "new yard"]


prints = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("xyz"), max_size=6)


@given(prints, prints)
def test_a_rule_has_one_successor_that_counts_the_same_or_none(before, now):
    found = successors(before, now)
    assert all(before[old] == now[new] for old, new in found.items())
    assert len(set(found.values())) == len(found), "nothing is counted on twice"
    for name in before.keys() & now.keys():
        assert found.get(name) == name or before[name] != now[name]
    for mark in "xyz":
        gone = [name for name in before if before[name] == mark != now.get(name)]
        new = [name for name in now if now[name] == mark != before.get(name)]
        renamed = {old: found[old] for old in gone if old in found}
        assert renamed == (dict(zip(gone, new, strict=True)) if len(gone) == len(new) == 1 else {})


def test_after_a_restart_counts_stay_and_ids_mean_others():
    first = Scene(zone(), line())
    first.step(0, obj(1, 500, 200), obj(2, 500, 200))
    first.step(1, obj(1, 500, 290))
    engine = RuleEngine([zone(), line()], CLASSES)
    engine.restore(passed_on(first.engine.export()), objects=False)
    second = Scene(engine=engine)
    second.step(500, obj(1, 500, 200))
    assert second.kinds() == ["enter"]
    assert second.total("yard", "entered") == 3
    assert second.total("yard", "inside") == 1
    assert second.total("door", "in") == 1


def test_counts_of_a_camera_that_has_not_come_yet_are_told():
    """One that is offline when the worker starts again."""
    first = Scene(zone(), line())
    first.step(0, obj(1, 500, 200), obj(2, 500, 200))
    first.step(1, obj(1, 500, 290), obj(2, 500, 200))
    before = first.engine.counts_of("gate")
    assert before["yard"]["inside"] == {"person": 2}

    def restored(*rules, objects):
        engine = RuleEngine(rules, CLASSES)
        engine.restore(passed_on(first.engine.export()), objects=objects)
        return engine

    assert restored(zone(), line(), objects=True).counts_of("gate") == before
    anew = restored(zone(), line(), objects=False)
    assert anew.counts_of("gate") == {**before, "yard": {**before["yard"], "inside": {}}}
    assert anew.counts_of("elsewhere") == {}
    anew.clear(["yard"])
    assert anew.counts_of("gate") == {"door": before["door"]}
    assert restored(zone(cameras=("other",)), line(enabled=False), objects=True).counts_of("gate") == {}


def test_a_crowds_time_goes_on_over_a_change_of_configuration_but_not_over_another_clock():
    rule = zone(overcrowding={"objects": 1, "seconds": 2})
    for cut, objects, due in ((1.0, True, 2.0), (1.0, False, 3.0)):
        first = Scene(rule)
        first.walk(seconds(0, cut), lambda _: (500, 200))
        engine = RuleEngine([rule], CLASSES)
        engine.restore(passed_on(first.engine.export()), objects=objects)
        second = Scene(engine=engine)
        second.walk(seconds(cut, 5), lambda _: (500, 200))
        (event,) = [event for event in second.events if event.kind == "overcrowded"]
        assert event.time - START == pytest.approx(due)


def test_a_zone_that_was_switched_off_for_long_lets_those_go_whom_it_saw_last():
    """Though they have been seen since."""
    scene = Scene(zone())
    scene.walk([0.0, 1.0], lambda _: (500, 200))
    for rule, times in ((zone(enabled=False), [2.0, 3.0, 4.0]), (zone(), [4.5])):
        engine = RuleEngine([rule], CLASSES)
        engine.restore(passed_on(scene.engine.export()))
        scene = Scene(engine=engine)
        scene.walk(times, lambda _: (500, 200))
    assert scene.kinds() == ["exit", "enter"]
    assert scene.events[0].value == 1.0


def test_state_of_a_camera_that_does_not_come_is_passed_on():
    first = Scene(line())
    first.step(0, obj(1, 500, 200), camera="away")
    first.step(1, obj(1, 500, 300), camera="away")
    state = first.engine.export()
    for _ in range(2):
        engine = RuleEngine([line()], CLASSES)
        engine.restore(passed_on(state))
        Scene(engine=engine).step(0, camera="other")
        state = engine.export()
    engine = RuleEngine([line()], CLASSES)
    engine.restore(passed_on(state))
    last = Scene(engine=engine)
    last.step(2, obj(1, 500, 200), camera="away")
    assert engine.counts()["door"]["away"] == {"in": {"person": 1}, "out": {"person": 1}}


def test_state_of_another_version_is_refused():
    with pytest.raises(ValueError, match="rule state of version 99"):
        RuleEngine([], CLASSES).restore({"version": 99})


def test_state_comes_before_the_first_step():
    scene = Scene(line())
    scene.step(0)
    with pytest.raises(RuntimeError, match="before the first step"):
        scene.engine.restore(scene.engine.export())


def test_rules_that_can_not_be_are_refused():
    with pytest.raises(ValueError, match="two rules are called 'a'; rule 'a' is for the class 'cow'"):
        RuleEngine([zone("a"), line("a", classes=("cow",))], CLASSES)


def test_an_export_without_objects_is_what_another_tracker_can_go_on_from():
    line = LineRule(type="line", name="door", start=(0.5, 0), end=(0.5, 1))
    zone = ZoneRule(type="zone", name="yard", polygon=AREA)
    scene = Scene(line, zone)
    scene.walk(seconds(0, 1), lambda time: (200 + 600 * time, 300))
    state = scene.engine.export(objects=False)
    assert [camera["objects"] for camera in state["cameras"].values()] == [[]]
    one, other = (RuleEngine((line, zone), CLASSES) for _ in range(2))
    one.restore(state, objects=False)
    other.restore(scene.engine.export(), objects=False)
    for engine in (one, other):
        Scene(engine=engine).step(2.0, obj(5, 500, 300))
    assert one.counts() == other.counts()
    assert sum(one.counts()["door"]["gate"]["out"].values()) == 1
