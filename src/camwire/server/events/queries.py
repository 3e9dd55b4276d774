"""Reading the events' file, while others may be writing it."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, NamedTuple

from camwire.server.events import spans
from camwire.server.events.event import COLUMNS, StoredEvent, from_row
from camwire.server.events.spans import By
from camwire.server.events.store import BUSY_TIMEOUT, StoreError, explained

AT_ONCE = 500
"""Events read in one go where all are wanted."""


class NothingKeptError(StoreError):
    """There is no file yet: nothing was ever reported."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; None: any."""

    camera: str | None = None
    rule: str | None = None
    kind: str | None = None
    since: float | None = None
    """UTC; this moment included."""
    limit: int = 1000
    until: float | None = None
    """UTC; this moment excluded."""
    class_name: str | None = None
    before: int | None = None
    """Only events with a smaller number."""
    first: int | None = None
    """Only events with this number or a greater one."""


class Count(NamedTuple):
    """Events of a span of time."""

    time: int
    """UTC of its beginning."""
    camera: str
    rule: str
    kind: str
    class_name: str
    """Empty for those without an object."""
    number: int


def find(path: Path, query: Query) -> list[StoredEvent]:
    """The newest events that fit, oldest first. Raises StoreError, NothingKeptError among them."""
    if query.first is None and (query.since, query.until) != (None, None):
        query = _by_number(path, query)
    where, values = _conditions(query, "+time")
    statement = f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY number DESC LIMIT ?"
    return [from_row(row) for row in reversed(_read(path, statement, [*values, query.limit]))]


def parts(path: Path, query: Query) -> Iterator[list[StoredEvent]]:
    """Every event that fits, newest first, whatever the query's limit; ``AT_ONCE`` at a time, as they are
    asked for. Raises StoreError."""
    query = replace(_by_number(path, query), limit=AT_ONCE)
    while events := find(path, query):
        yield events[::-1]
        query = replace(query, before=events[0].number)


def event(path: Path, name: str) -> StoredEvent | None:
    """The event of this id. Raises StoreError."""
    rows = _read(path, f"SELECT {COLUMNS} FROM events WHERE id = ?", [name])
    return from_row(rows[0]) if rows else None


def following(path: Path, number: int, limit: int) -> list[StoredEvent]:
    """The events behind that number, in their order. Raises StoreError."""
    statement = f"SELECT {COLUMNS} FROM events WHERE number > ? ORDER BY number LIMIT ?"
    return [from_row(row) for row in _read(path, statement, [number, limit])]


def counts(path: Path, query: Query, by: By, zone: tzinfo = UTC) -> list[Count]:
    """How many events, by span of time on a zone's clocks, camera, rule, kind and class, in that order.

    Raises StoreError. The query's limit bounds the rows, of which the first are told.
    """
    where, values = _conditions(query, "minute")
    # Each from its end of the index; together in one SELECT they would look at every row.
    ends = "SELECT (SELECT min(minute) FROM minutes), (SELECT max(minute) FROM minutes)"
    first, last = _read(path, ends, [])[0]
    if first is None:
        return []
    statement = (
        f"SELECT {spans.as_sql(by, spans.stretches(zone, first, last))} AS span, camera, rule, kind, class, "
        f"sum(number) FROM minutes WHERE {where} GROUP BY span, camera, rule, kind, class "
        "ORDER BY 1, 2, 3, 4, 5 LIMIT ?"
    )
    rows = _read(path, statement, [*values, query.limit])
    return [Count(spans.begin(by, span, zone), *of_span) for span, *of_span in rows]


def remembered(path: Path) -> dict[str, bytes]:
    """What the store keeps besides events. Raises StoreError."""
    return dict(_read(path, "SELECT name, value FROM remembered", []))


def _by_number(path: Path, query: Query) -> Query:
    """The same query, with what its times mean in numbers, which roughly go with them: so the newest that
    fit are found without a look at all that is newer or older. Raises StoreError."""
    since = -math.inf if query.since is None else query.since
    until = math.inf if query.until is None else query.until
    statement = (
        "SELECT min(+number), max(+number) FROM events INDEXED BY events_by_time WHERE time >= ? AND time < ?"
    )
    first, last = _read(path, statement, [since, until])[0]
    if first is None:
        return replace(query, first=0, before=0)
    before = last + 1 if query.before is None else min(query.before, last + 1)
    return replace(query, first=first, before=before)


def _conditions(query: Query, time: str) -> tuple[str, list[Any]]:
    alike = [
        (name, value)
        for name, value in (
            ("rule", query.rule),
            ("camera", query.camera),
            ("class", query.class_name),
            ("kind", query.kind),
        )
        if value is not None
    ]
    # What is likely to fit the fewest events comes first, and only its index may be used ("+" hides others').
    known = (
        *((f"{'+' if rank else ''}{name} = ?", value) for rank, (name, value) in enumerate(alike)),
        (f"{time} >= ?", query.since),
        (f"{time} < ?", query.until),
        ("number >= ?", query.first),
        ("number < ?", query.before),
    )
    chosen = [(condition, value) for condition, value in known if value is not None]
    return " AND ".join(["1", *(condition for condition, _ in chosen)]), [value for _, value in chosen]


def _read(path: Path, statement: str, values: Sequence[Any]) -> list[Any]:
    if not path.is_file():
        raise NothingKeptError(f"{path}: there is no such file; it comes with the first event")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}")
            return database.execute(statement, values).fetchall()
    except sqlite3.Error as error:
        raise explained(path, error) from None
