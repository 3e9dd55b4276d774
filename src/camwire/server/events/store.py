"""Events in SQLite: what was added is there after a crash, and after a power cut.

WAL, so that `camwire events` reads while the server writes. ``synchronous=FULL``: with NORMAL, the last
transactions before a power cut could be lost although their events were acknowledged. A transaction takes all
events that came together, so the price is a few fsyncs a second at most.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

VERSION = 1
BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process that has the file locked."""
SHARE = 10
"""When the file is too large, one in so many events goes, the oldest first."""
MINUTE = 60
DAY = 86_400

SCHEMA = """
CREATE TABLE events (
  id TEXT PRIMARY KEY, time REAL NOT NULL, camera TEXT NOT NULL, rule TEXT NOT NULL, kind TEXT NOT NULL,
  body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX events_by_time ON events (time);
CREATE TABLE minutes (
  minute INTEGER, camera TEXT, rule TEXT, kind TEXT, class TEXT, number INTEGER NOT NULL,
  PRIMARY KEY (minute, camera, rule, kind, class)
) WITHOUT ROWID;
"""

log = structlog.get_logger()


class StoreError(Exception):
    """The store can't be read or written now; the message says why. Nothing that it holds is lost."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is kept."""

    id: str
    time: float
    """UTC."""
    camera: str
    rule: str
    kind: str
    body: dict[str, Any]
    """Everything else; plain values."""

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "time": self.time,
            "camera": self.camera,
            "rule": self.rule,
            "kind": self.kind,
            **self.body,
        }


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept."""

    event_days: float = 30
    minute_days: float = 400
    bytes: int = 256 << 20
    """Of the file, events and minutes together."""


class EventStore:
    """For one thread. ``path`` None keeps everything in memory."""

    def __init__(self, path: Path | None, bounds: Bounds) -> None:
        """Opens the file; one that is no database any more is put aside. Raises StoreError."""
        self._path = path
        self._bounds = bounds
        try:
            self._database = self._opened()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or path is None:
                raise _explained(path, error) from None
            self._put_aside(path, error)
            try:
                self._database = self._opened()
            except sqlite3.Error as again:
                raise _explained(path, again) from None

    def _opened(self) -> sqlite3.Connection:
        where = ":memory:" if self._path is None else self._path
        database = sqlite3.connect(where, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            if database.execute("PRAGMA user_version").fetchone()[0] == 0:
                database.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version = {VERSION};COMMIT;")
            database.execute("SELECT count(*) FROM events WHERE time < 0").fetchone()
        except BaseException:
            database.close()
            raise
        return database

    def _put_aside(self, path: Path, error: sqlite3.Error) -> None:
        aside = path.with_name(f"{path.name}.unreadable")
        try:
            path.replace(aside)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        except OSError as problem:
            raise StoreError(f"{path}: {error}, and it can't be put aside: {problem.strerror}") from None
        log.error("the events' file can't be read; a new one begins", problem=str(error), aside=str(aside))

    def add(self, events: Sequence[StoredEvent]) -> int:
        """Keep the events; those whose id is known already are left out. Returns how many were new.

        When this returns they are on the disk. Raises StoreError; then none was added.
        """
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                new = [event for event in events if self._insert(event)]
                for event in new:
                    self._count(event)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _explained(self._path, error) from None
        return len(new)

    def _insert(self, event: StoredEvent) -> bool:
        row = (event.id, event.time, event.camera, event.rule, event.kind, json.dumps(event.body))
        return self._database.execute("INSERT OR IGNORE INTO events VALUES (?,?,?,?,?,?)", row).rowcount == 1

    def _count(self, event: StoredEvent) -> None:
        minute = int(event.time // MINUTE) * MINUTE
        row = (minute, event.camera, event.rule, event.kind, event.body.get("class") or "")
        self._database.execute(
            "INSERT INTO minutes VALUES (?,?,?,?,?,1) ON CONFLICT DO UPDATE SET number = number + 1", row
        )

    def prune(self, now: float) -> int:
        """Drop what is beyond the bounds; returns how many events went. Raises StoreError."""
        try:
            gone = self._delete("time < ?", now - self._bounds.event_days * DAY)
            oldest = now - self._bounds.minute_days * DAY
            self._database.execute("DELETE FROM minutes WHERE minute < ?", (oldest,))
            while self._size() > self._bounds.bytes and (count := self._events()):
                some = max(count // SHARE, 1)
                gone += self._delete("id IN (SELECT id FROM events ORDER BY time LIMIT ?)", some)
            self._database.executescript("PRAGMA incremental_vacuum")  # execute would free one page
        except sqlite3.Error as error:
            raise _explained(self._path, error) from None
        return gone

    def _delete(self, condition: str, value: float) -> int:
        return self._database.execute(f"DELETE FROM events WHERE {condition}", (value,)).rowcount

    def _events(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM events").fetchone()[0])

    def _size(self) -> int:
        """Bytes in use."""
        pages, free, size = (
            self._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def close(self) -> None:
        self._database.close()


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; None: any."""

    camera: str | None = None
    rule: str | None = None
    kind: str | None = None
    since: float | None = None
    """UTC."""
    limit: int = 1000


def find(path: Path, query: Query) -> list[StoredEvent]:
    """The newest events that fit, oldest first; others may be writing meanwhile. Raises StoreError."""
    conditions = [
        (f"{name} = ?", value)
        for name, value in (("camera", query.camera), ("rule", query.rule), ("kind", query.kind))
        if value is not None
    ]
    where = " AND ".join(["time >= ?", *(condition for condition, _ in conditions)])
    values = [query.since or 0.0, *(value for _, value in conditions), query.limit]
    rows = _read(path, f"SELECT * FROM events WHERE {where} ORDER BY time DESC, id DESC LIMIT ?", values)
    return [
        StoredEvent(event, time, camera, rule, kind, json.loads(body))
        for event, time, camera, rule, kind, body in reversed(rows)
    ]


def minutes(path: Path, since: float) -> list[tuple[int, str, str, str, str, int]]:
    """Minute (UTC), camera, rule, kind, class and how many events, in that order. Raises StoreError."""
    return _read(path, "SELECT * FROM minutes WHERE minute >= ? ORDER BY 1, 2, 3, 4, 5", [since])


def _read(path: Path, statement: str, values: Sequence[Any]) -> list[Any]:
    if not path.is_file():
        raise StoreError(f"{path}: there is no such file; it comes with the first event")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}")
            return database.execute(statement, values).fetchall()
    except sqlite3.Error as error:
        raise _explained(path, error) from None


def _explained(path: Path | None, error: sqlite3.Error) -> StoreError:
    return StoreError(f"{path or 'events in memory'}: {error}")
