"""Events are there after whatever happens, and never more than was allowed."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camwire.server.events import queries
from camwire.server.events.event import StoredEvent
from camwire.server.events.queries import Query, counts, find, following, parts, remembered
from camwire.server.events.store import Bounds, EventStore, StoreError

DAY = 86_400


def event(number, time=1000.0, camera="gate", rule="door", kind="in", name="person"):
    return StoredEvent(f"w-{number}", time, camera, rule, kind, {"class": name, "number": number})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.db"


def each(path, query):
    return [one for part in parts(path, query) for one in part]


def kept(path, **query):
    return [item.body["number"] for item in find(path, Query(**query))]


def test_what_was_added_is_found_by_what_it_is(path):
    store = EventStore(path, Bounds())
    store.add(
        [event(1), event(2, 1010, camera="yard"), event(3, 1020, kind="out"), event(4, 1030, rule="zone")]
    )
    assert find(path, Query())[0] == replace(event(1), number=1)
    assert kept(path) == [1, 2, 3, 4]
    assert kept(path, camera="yard") == [2]
    assert kept(path, kind="out") == [3]
    assert kept(path, rule="door", since=1010) == [2, 3]
    assert kept(path, limit=2) == [3, 4]
    assert find(path, Query())[0].as_json()["class"] == "person"


@given(st.lists(st.lists(st.integers(0, 12), max_size=6), max_size=6))
def test_an_event_that_comes_again_is_kept_and_counted_once(batches):
    store = EventStore(None, Bounds())
    new = [store.add([event(number) for number in batch]) for batch in batches]
    assert sum(map(len, new)) == len({number for batch in batches for number in batch})
    store.close()


def test_numbers_go_on_without_gaps_and_are_never_given_twice(path):
    store = EventStore(path, Bounds(event_days=1))
    assert [one.number for one in store.add([event(1), event(2), event(1)])] == [1, 2]
    store.add([event(2), event(1)])
    store.prune(now=3 * DAY)
    assert [one.number for one in store.add([event(3)])] == [3]
    assert [one.number for one in following(path, 0, 10)] == [3]
    assert following(path, 3, 10) == []


def test_pages_and_everything(path):
    store = EventStore(path, Bounds())
    store.add([event(number, number) for number in range(1, 1203)])
    assert kept(path, limit=2, before=5) == [3, 4]
    assert kept(path, since=10, until=13) == [10, 11, 12]
    assert [one.number for one in each(path, Query())] == list(range(1202, 0, -1))
    assert [one.number for one in each(path, Query(before=4, since=2))] == [3, 2]


NAMES = st.sampled_from("xyz")
EVENT = st.tuples(st.integers(0, 5), NAMES, NAMES, NAMES, NAMES)
WANTED, TIME = st.none() | NAMES, st.none() | st.integers(0, 6)


@settings(max_examples=30)
@given(st.lists(EVENT, max_size=30), WANTED, WANTED, WANTED, WANTED, TIME, TIME)
def test_what_is_found_is_what_fits_whatever_the_order_of_times(
    events, camera, rule, kind, name, since, until
):
    def fits(values):
        named = zip((camera, rule, kind, name), values[1:], strict=True)
        in_time = (since is None or values[0] >= since) and (until is None or values[0] < until)
        return in_time and all(wanted in (None, value) for wanted, value in named)

    wanted = Query(camera, rule, kind, since, until=until, class_name=name)
    numbers = [number for number, values in enumerate(events) if fits(values)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        store = EventStore(path, Bounds())
        store.add([event(number, *values) for number, values in enumerate(events)])
        assert [one.body["number"] for one in find(path, wanted)] == numbers
        assert [one.body["number"] for one in each(path, wanted)] == numbers[::-1]
        store.close()


@pytest.mark.parametrize("also", [{}, {"since": 10.0}, {"since": 10.0, "until": 20.0}, {"before": 30}])
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({"camera": "gate"}, "camera"),
        ({"rule": "door", "camera": "gate", "kind": "in"}, "rule"),
        ({"kind": "in"}, "kind"),
        ({"class_name": "person", "kind": "in"}, "class"),
    ],
)
def test_a_filter_reads_what_fits_and_nothing_else(path, monkeypatch, wanted, index, also):
    store = EventStore(path, Bounds())
    store.add([event(number, number) for number in range(50)])
    asked = []
    read = queries._read
    monkeypatch.setattr(queries, "_read", lambda *all_of_it: asked.append(all_of_it) or read(*all_of_it))
    find(path, Query(**wanted, **also))
    plans = [
        row[3]
        for _, statement, values in asked
        for row in store._database.execute(f"EXPLAIN QUERY PLAN {statement}", values)
    ]
    assert plans[-1].startswith(f"SEARCH events USING INDEX events_by_{index} ({index}=?"), plans
    assert ("rowid" in plans[-1]) == bool(also), "times are looked for by numbers"
    assert not any("SCAN" in plan or "TEMP" in plan for plan in plans)


def test_a_sink_begins_behind_the_newest_and_its_place_is_kept(path):
    store = EventStore(path, Bounds())
    assert store.cursor("early") == 0
    store.add([event(1), event(2)])
    assert (store.cursor("early"), store.cursor("late")) == (0, 2)
    store.move_cursor("early", 1)
    store.close()
    assert EventStore(path, Bounds()).cursor("early") == 1


def test_what_is_to_be_remembered_outlives_the_store(path):
    store = EventStore(path, Bounds())
    store.remember("rules", b"old")
    store.remember("rules", b"new")
    assert remembered(path) == {"rules": b"new"}


VERSION_1 = """
CREATE TABLE events (
  id TEXT PRIMARY KEY, time REAL NOT NULL, camera TEXT NOT NULL, rule TEXT NOT NULL, kind TEXT NOT NULL,
  body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX events_by_time ON events (time);
CREATE TABLE minutes (
  minute INTEGER, camera TEXT, rule TEXT, kind TEXT, class TEXT, number INTEGER NOT NULL,
  PRIMARY KEY (minute, camera, rule, kind, class)
) WITHOUT ROWID;
INSERT INTO events VALUES ('a', 2.0, 'gate', 'door', 'in', '{"class": "person"}');
INSERT INTO events VALUES ('b', 1.0, 'gate', 'door', 'in', '{}');
INSERT INTO minutes VALUES (0, 'gate', 'door', 'in', 'person', 1);
PRAGMA user_version = 1;
"""


def test_a_file_of_the_first_version_is_taken_over(path):
    with closing(sqlite3.connect(path)) as database:
        database.executescript(VERSION_1)
    EventStore(path, Bounds()).close()
    assert [(one.number, one.id, one.class_name) for one in find(path, Query())] == [
        (1, "b", ""),
        (2, "a", "person"),
    ]
    assert [one.id for one in find(path, Query(class_name="person"))] == ["a"]
    assert [row.number for row in counts(path, Query(), "day")] == [1]


def test_a_file_of_the_second_version_gets_the_indexes(path):
    store = EventStore(path, Bounds())
    store.add([event(1)])
    for index in ("camera", "rule", "kind", "class"):
        store._database.execute(f"DROP INDEX events_by_{index}")
    store._database.execute("PRAGMA user_version = 2")
    store.close()
    again = EventStore(path, Bounds())
    indexes = again._database.execute(
        "SELECT name FROM sqlite_schema WHERE name LIKE 'events_by%'"
    ).fetchall()
    assert len(indexes) == 5
    assert kept(path, camera="gate") == [1]


def test_a_file_of_a_newer_version_is_left_alone(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="version 99"):
        EventStore(path, Bounds())


def test_minutes_count_by_rule_and_class_and_outlive_the_events(path):
    store = EventStore(path, Bounds(event_days=1, minute_days=100))
    store.add(
        [event(1, 59.9), event(2, 60.0), event(3, 119.0), event(4, 119.0, name="car"), event(5, 3 * DAY)]
    )
    store.add([event(2, 60.0)])
    assert store.prune(now=3 * DAY) == 4
    assert kept(path) == [5]
    assert [(row.time, row.class_name, row.number) for row in counts(path, Query(), "minute")] == [
        (0, "person", 1), (60, "car", 1), (60, "person", 2), (3 * DAY, "person", 1)
    ]  # fmt: skip
    hours = counts(path, Query(until=DAY), "hour")
    assert [(row.time, row.class_name, row.number) for row in hours] == [(0, "car", 1), (0, "person", 3)]
    assert [row.number for row in counts(path, Query(class_name="person"), "day")] == [3, 1]
    store.prune(now=200 * DAY)
    assert counts(path, Query(), "minute") == []


def test_the_file_stays_within_its_size_and_the_newest_stay(path):
    store = EventStore(path, Bounds(bytes=300_000))
    for part in range(20):
        store.add([event(part * 100 + n, part * 100.0 + n, name="x" * 200) for n in range(100)])
        store.prune(now=2000)
    numbers = kept(path, limit=5000)
    assert numbers == list(range(numbers[0], 2000))
    assert 200 < len(numbers) < 2000
    store.close()
    assert path.stat().st_size <= 300_000


def test_minutes_of_long_ago_never_cost_events_of_today(path):
    """Weeks of counts once filled the file, and every event went to make room for them."""
    store = EventStore(path, Bounds(event_days=1, bytes=400_000))
    kinds = [f"kind {number}" for number in range(50)]
    for day in range(200):
        store.add([event(f"{day} {kind}", day * DAY, kind=kind) for kind in kinds])
        store.prune(now=day * DAY + 60)
    today = store.add([event(f"today {number}", 200 * DAY) for number in range(200)])
    assert store.prune(now=200 * DAY + 60) <= len(kinds), "yesterday's, by their age"
    assert kept(path)[-200:] == [one.body["number"] for one in today]
    spans = [row.time for row in counts(path, Query(limit=100_000), "day")]
    assert spans[-1] == 200 * DAY
    assert 0 < spans[0] < 190 * DAY, "the oldest went"
    store.close()
    assert path.stat().st_size <= 400_000


def test_many_events_never_cost_the_minutes(path):
    store = EventStore(path, Bounds(bytes=400_000))
    for part in range(20):
        store.add([event(part * 100 + n, part * 60.0, name="x" * 400) for n in range(100)])
        store.prune(now=2000)
    assert [row.number for row in counts(path, Query(), "minute")] == [100] * 20


def test_what_is_remembered_never_costs_events(path):
    store = EventStore(path, Bounds(bytes=100_000))
    store.remember("rules", bytes(200_000))
    store.add([event(1), event(2)])
    assert store.prune(now=2000) == 0
    assert kept(path) == [1, 2]


WRITER = """
import sys
from pathlib import Path
from camwire.server.events.event import StoredEvent
from camwire.server.events.store import Bounds, EventStore
store = EventStore(Path(sys.argv[1]), Bounds())
for number in range(1_000_000):
    store.add([StoredEvent(f"{number}-{n}", 0.0, "gate", "door", "in", {"number": number}) for n in range(3)])
    print(number, flush=True)
"""


@pytest.mark.integration
def test_a_process_killed_in_the_middle_of_writing_loses_nothing_acknowledged(path):
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) == 40:
                os.kill(writer.pid, signal.SIGKILL)
                break
        acknowledged = max([40, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    assert writer.returncode == -signal.SIGKILL
    EventStore(path, Bounds()).close()
    numbers = kept(path, limit=1_000_000)
    assert set(range(acknowledged + 1)) <= set(numbers)
    assert all(numbers.count(number) == 3 for number in set(numbers))


def test_a_file_that_is_no_database_is_put_aside_and_a_new_one_begins(path):
    path.write_bytes(b"no database at all " * 100)
    store = EventStore(path, Bounds())
    store.add([event(1)])
    assert kept(path) == [1]
    assert Path(f"{path}.unreadable").read_bytes().startswith(b"no database")


def test_a_full_disk_is_told_and_recovered_from(path):
    store = EventStore(path, Bounds())
    store.add([event(1)])
    pages = store._database.execute("PRAGMA page_count").fetchone()[0]
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full"):
        store.add([event(number, name="x" * 500) for number in range(2, 200)])
    assert kept(path) == [1]
    store._database.execute("PRAGMA max_page_count = 100000")
    store.add([event(2)])
    assert kept(path) == [1, 2]


def test_no_place_and_no_file_are_told(tmp_path):
    with pytest.raises(StoreError, match="unable to open"):
        EventStore(tmp_path / "absent" / "events.db", Bounds())
    with pytest.raises(StoreError, match="no such file"):
        find(tmp_path / "events.db", Query())
    (tmp_path / "text.db").write_text("text " * 1000)
    with pytest.raises(StoreError, match="not a database"):
        find(tmp_path / "text.db", Query())
