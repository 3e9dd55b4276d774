"""Events are remembered until the server has them on its disk."""

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from camwire.analytics.rules.events import Event, Subject
from camwire.pipeline.event_pictures import EventPictures
from camwire.pipeline.outbox import AT_ONCE, PATIENCE, Outbox, linked_event
from tests.support.frames import frame

SUBJECT = Subject(7, "person", 0.5, (1.0, 2.0, 3.0, 4.0))


def events(count, subject=SUBJECT):
    return [
        Event("in", "door", "gate", 1e9 + n, n, subject, None, {"in": {"person": n}}) for n in range(count)
    ]


def ids(due):
    return [event.id for event in due[1]]


def test_one_message_is_under_way_until_it_is_answered():
    box = Outbox("w")
    assert box.due(0) is None
    box.add(events(2))
    first = box.due(0)
    assert ids(first) == ["w-1", "w-2"]
    box.add(events(1))
    assert box.due(PATIENCE - 0.1) is None
    box.kept(first[0])
    assert ids(box.due(PATIENCE - 0.1)) == ["w-3"]


def test_what_is_not_answered_goes_again_with_the_same_ids():
    box = Outbox("w")
    box.add(events(1))
    box.due(0)
    box.add(events(1))
    assert ids(box.due(PATIENCE)) == ["w-1", "w-2"]
    box.kept(1)  # the answer to the first message comes late
    assert box.due(PATIENCE) is None
    box.kept(2)
    assert box.due(2 * PATIENCE) is None


def test_the_oldest_are_lost_and_counted_when_there_are_too_many():
    box = Outbox("w", most=3)
    box.add(events(5))
    assert box.lost == 2
    assert ids(box.due(0)) == ["w-3", "w-4", "w-5"]


def test_what_is_lost_is_logged_again_and_again_but_not_each_time():
    now = [100.0]
    box = Outbox("w", most=1, clock=lambda: now[0])
    with capture_logs() as logs:
        for at in (100.0, 101.0, 109.9, 110.0, 130.0):
            now[0] = at
            box.add(events(2))
    assert [line["lost"] for line in logs] == [1, 7, 9]
    assert box.lost == 9


def test_pictures_of_events_that_are_lost_are_counted():
    pictures = EventPictures("w", most=2)
    with capture_logs() as logs:
        for number in range(5):
            pictures.add(frame("a", number), b"jpeg", "event")
        assert pictures.lost == 3
        assert [picture.sequence for picture in pictures.taken()] == [3, 4]
        pictures.refused()
    assert pictures.lost == 4
    assert len(logs) == 1


def test_a_message_has_a_bound():
    box = Outbox("w")
    box.add(events(AT_ONCE + 1))
    assert len(ids(box.due(0))) == AT_ONCE


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=40))
def test_the_server_gets_all_in_order_whatever_is_lost(steps):
    box, got, added = Outbox("w"), [], 0
    for now, (count, answered) in enumerate([*steps, *[(0, True)] * 3]):
        box.add(events(count))
        added += count
        due = box.due(now * PATIENCE)
        if due is not None and answered:
            got += [name for name in ids(due) if name not in got]
            box.kept(due[0])
    assert got == [f"w-{n + 1}" for n in range(added)]


def test_what_is_said_of_an_event():
    (event,) = events(1)
    assert linked_event("w-1", event).body == {
        "frame": 0, "value": None, "counts": {"in": {"person": 0}},
        "object": 7, "class": "person", "score": 0.5, "box": [1.0, 2.0, 3.0, 4.0],
    }  # fmt: skip
    (about_all,) = events(1, subject=None)
    assert "object" not in linked_event("w-1", about_all).body
