"""Spans of time on a zone's clocks, beside the same put together from each moment's own date."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camwire.server.events import spans
from camwire.server.events.event import StoredEvent
from camwire.server.events.queries import Query, counts
from camwire.server.events.store import Bounds, EventStore

ZONES = [
    *("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Apia"),
    *("America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "America/St_Johns"),
]
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
"""Days in which the clocks of Berlin change, at 01:00 UTC."""
HOUR, DAY = 3600, 86_400

moments = st.lists(
    st.integers(0, 4_000_000_000 // 60).map(lambda minute: minute * 60), min_size=1, max_size=12
)


def at(moment: datetime) -> int:
    return int(moment.timestamp())


def told_by_sql(by: spans.By, zone: str, times: list[int]) -> list[int]:
    clocks = spans.stretches(spans.time_zone(zone), min(times), max(times))
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE minutes (minute INTEGER)")
        database.executemany("INSERT INTO minutes VALUES (?)", [(time,) for time in times])
        statement = f"SELECT {spans.as_sql(by, clocks)} FROM minutes ORDER BY rowid"
        return [spans.begin(by, row[0], spans.time_zone(zone)) for row in database.execute(statement)]


@settings(deadline=None)
@given(st.sampled_from(ZONES), moments)
@example("Europe/Berlin", [at(SPRING) + hour * HOUR for hour in range(-2, 26)])
@example("Europe/Berlin", [at(AUTUMN) + hour * HOUR for hour in range(-3, 26)])
@example("America/Sao_Paulo", [1_541_300_400 + minutes * 60 for minutes in (-61, -1, 0, 1, 59, 60)])
def test_a_day_is_every_moment_of_one_date(name: str, times: list[int]) -> None:
    zone = ZoneInfo(name)
    dates = [datetime.fromtimestamp(time, zone).date() for time in times]
    begins = told_by_sql("day", name, times)
    for time, date, begin in zip(times, dates, begins, strict=True):
        assert begin <= time
        assert datetime.fromtimestamp(begin, zone).date() == date
        assert datetime.fromtimestamp(begin - 1, zone).date() < date, "it begins with its first moment"


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.sampled_from(["minute", "hour"]), moments)
def test_hours_and_minutes_begin_where_the_clock_does(name: str, by: spans.By, times: list[int]) -> None:
    zone = ZoneInfo(name)
    for time, begin in zip(times, told_by_sql(by, name, times), strict=True):
        assert 0 <= time - begin < spans.SECONDS[by]
        ahead = zone.utcoffset(datetime.fromtimestamp(time, zone))
        assert ahead is not None
        assert (begin + ahead.total_seconds()) % spans.SECONDS[by] == 0


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_days_in_which_the_clocks_change(tmp_path: Path, day: datetime, hours: int) -> None:
    """One event an hour, two days around it."""
    path, zone = tmp_path / "events.db", ZoneInfo("Europe/Berlin")
    store = EventStore(path, Bounds())
    first = at(day) - 2 * DAY
    store.add([StoredEvent(str(n), first + n * HOUR, "gate", "door", "in", {}) for n in range(5 * 24)])
    days = {row.time: row.number for row in counts(path, Query(), "day", zone)}
    midnight = at(datetime(day.year, day.month, day.day, tzinfo=zone))
    assert days[midnight] == hours
    assert days[midnight - DAY] == days[midnight + hours * HOUR] == 24
    by_hour = counts(path, Query(since=midnight, until=midnight + hours * HOUR), "hour", zone)
    assert [row.time for row in by_hour] == [midnight + n * HOUR for n in range(hours)], "none is two hours"


@given(st.sampled_from(ZONES), st.integers(0, 4_000_000_000), st.integers(0, 500))
def test_so_many_days_ago(name: str, now: int, number: int) -> None:
    zone = ZoneInfo(name)
    begin = datetime.fromtimestamp(spans.spans_ago("day", number, now, zone), zone)
    days = (datetime.fromtimestamp(now, zone).date() - begin.date()).days
    # Samoa left a whole day out, when it moved to the other side of the date line.
    assert days == number or (name == "Pacific/Apia" and days == number - 1)


def test_every_event_is_counted_once_whatever_the_zone() -> None:
    times = [at(AUTUMN) + minutes * 97 * 60 for minutes in range(200)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        store = EventStore(path, Bounds())
        store.add([StoredEvent(str(n), time, "gate", "door", "in", {}) for n, time in enumerate(times)])
        for name in ZONES:
            zone = ZoneInfo(name)
            dates = Counter(datetime.fromtimestamp(time, zone).date() for time in times)
            days = {
                datetime.fromtimestamp(row.time, zone).date(): row.number
                for row in counts(path, Query(), "day", zone)
            }
            assert days == dates
        store.close()


@pytest.mark.parametrize(
    "name", ["Europe/Nowhere", "../../etc/passwd", "/etc/passwd", "", "Europe", "a\0b", "x" * 300]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(spans.UnknownZoneError):
        spans.time_zone(name)
