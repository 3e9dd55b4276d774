"""Zones: coming, going, staying, and too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.analytics.rules.events import Subject
from camwire.config.rules import ZoneRule
from camwire.frames import Size
from tests.analytics.rules.scene import START, Scene, obj, seconds

SQUARE = ((400, 100), (600, 100), (600, 300), (400, 300))


def zone(**settings):
    return ZoneRule(type="zone", name="yard", units="pixels", polygon=SQUARE, **settings)


def test_an_event_says_who_where_when_and_what_it_comes_to():
    scene = Scene(zone())
    scene.step(0.0, obj(7, 100, 200, class_id=1))
    scene.step(0.5, obj(7, 500, 200, class_id=1))
    (event,) = scene.events
    assert (event.kind, event.rule, event.camera, event.time, event.sequence) == (
        "enter",
        "yard",
        "gate",
        START + 0.5,
        2,
    )
    assert event.subject == Subject(7, "car", 0.75, (480.0, 100.0, 520.0, 200.0))
    assert event.counts == {"inside": {"car": 1}, "entered": {"car": 1}, "exited": {}}


def test_leaving_gives_the_dwell_time():
    scene = Scene(zone())
    scene.walk(seconds(0, 4), lambda time: (500, 200) if time < 2.5 else (100, 200))
    assert scene.kinds() == ["enter", "exit"]
    assert scene.events[1].value == pytest.approx(2.5)
    assert scene.events[1].counts == {
        "inside": {},
        "entered": {"person": 1},
        "exited": {"person": 1},
    }


def test_an_object_that_is_no_longer_seen_left_when_it_was_last_seen():
    scene = Scene(zone(), out_of_sight=3)
    scene.walk(seconds(0, 6), lambda time: (500, 200) if time < 2 else None)
    assert scene.kinds() == ["enter", "exit"]
    gone = scene.events[1]
    assert gone.value == pytest.approx(1.95)
    assert gone.time == pytest.approx(START + 5.0)
    assert gone.subject.box == (480.0, 100.0, 520.0, 200.0)


def test_a_short_absence_is_no_leaving():
    scene = Scene(zone())
    scene.walk(seconds(0, 8), lambda time: None if 2 < time < 4.5 else (500, 200))
    assert scene.kinds() == ["enter"]


@pytest.mark.parametrize(("x", "kinds"), [(619, ["enter"]), (621, ["enter", "exit"])])
def test_leaving_takes_the_margin(x, kinds):
    scene = Scene(zone(margin=20))
    scene.step(0, obj(1, 590, 200))
    scene.step(1, obj(1, x, 200))
    assert scene.kinds() == kinds


def test_loitering_is_reported_once_a_stay():
    scene = Scene(zone(loitering=2))
    scene.walk(seconds(0, 10), lambda time: (100, 200) if 5 <= time < 6 else (500, 200))
    assert scene.kinds() == ["enter", "loitering", "exit", "enter", "loitering"]
    assert scene.events[1].value == pytest.approx(2)


def test_overcrowding_begins_and_ends_when_it_has_lasted():
    scene = Scene(zone(overcrowding={"objects": 3, "seconds": 1, "until": 1}))

    def crowd(number, begin, end):
        for time in seconds(begin, end):
            scene.step(
                time,
                *(obj(i, 450 + 20 * i, 200) for i in range(number)),
                *(obj(i, 50, 200) for i in range(number, 4)),
            )

    crowd(3, 0, 0.9)
    assert "overcrowded" not in scene.kinds()
    crowd(2, 1, 1.5)
    crowd(4, 1.55, 2.5)
    assert "overcrowded" not in scene.kinds()
    crowd(4, 2.55, 2.55)
    assert scene.kinds()[-1] == "overcrowded"
    assert (scene.events[-1].value, scene.events[-1].subject) == (4.0, None)
    crowd(2, 2.6, 5)
    assert "overcrowding_over" not in scene.kinds()
    crowd(1, 5.05, 6.05)
    assert scene.kinds()[-1] == "overcrowding_over"
    assert scene.events[-1].value == 1.0


def test_overcrowding_without_patience_is_at_once():
    scene = Scene(zone(overcrowding={"objects": 1}))
    scene.step(0, obj(1, 500, 200))
    scene.step(1, obj(1, 50, 200))
    assert scene.kinds() == ["enter", "overcrowded", "exit", "overcrowding_over"]


def test_classes_and_anchors():
    rules = [
        zone(classes=("car", "dog")),
        ZoneRule(type="zone", name="heads", units="pixels", polygon=SQUARE, anchor="top_centre"),
        ZoneRule(type="zone", name="middles", units="pixels", polygon=SQUARE, anchor="centre"),
    ]
    scene = Scene(*rules)
    scene.step(0, obj(1, 500, 195, 0), obj(2, 500, 320, 1), obj(3, 500, 380, 2), obj(4, 500, 290, 5))
    inside = {(event.rule, event.subject.object_id) for event in scene.events}
    assert inside == {
        ("heads", 2),
        ("heads", 3),
        ("heads", 4),
        ("middles", 1),
        ("middles", 2),
        ("middles", 4),
    }
    assert {event.subject.class_name for event in scene.events if event.subject.object_id == 4} == {"5"}


def test_an_object_whose_class_changes_leaves_a_zone_that_is_not_for_it():
    scene = Scene(zone(classes=("person",)))
    for time in seconds(0, 5):
        scene.step(time, obj(1, 500, 200, class_id=0 if time < 1 else 1))
    assert scene.kinds() == ["enter", "exit"]
    assert scene.total("yard", "inside") == 0


def test_fractions_fit_any_picture():
    rule = ZoneRule(type="zone", name="half", polygon=((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
    scene = Scene(rule)
    scene.batch([("a", 0, [obj(1, 450, 200), obj(2, 550, 200)])])
    scene.batch([("b", 0, [obj(1, 950, 200), obj(2, 1050, 200)])], size=Size(2000, 1000))
    assert [event.subject.object_id for event in scene.events] == [1, 1]


@given(
    st.lists(st.tuples(st.floats(-8, 8), st.floats(-8, 8)), min_size=2, max_size=40),
    st.floats(350, 650),
    st.floats(50, 350),
)
def test_jitter_is_no_coming_and_going(jitter, x, y):
    """Wherever an object stands, inside, outside or on the border: it enters once at most, never leaves."""
    scene = Scene(zone())
    for time, (dx, dy) in enumerate(jitter):
        scene.step(time / 20, obj(1, x + dx, y + dy))
    assert scene.kinds() in ([], ["enter"])
