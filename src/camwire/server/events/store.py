"""Events in SQLite: what was added is there after a crash, and after a power cut.

WAL, so that `camwire events` reads while the server writes. ``synchronous=FULL``: with NORMAL, the last
transactions before a power cut could be lost although their events were acknowledged. A transaction takes all
events that came together, so the price is a few fsyncs a second at most.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from camwire.server.events.event import StoredEvent
from camwire.server.events.schema import TooNewError, bring_up_to_date

BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process that has the file locked."""
SHARE = 10
"""When the file is too large, one in so many events or minutes goes at a time, the oldest first."""
MINUTE_ROW = 24
"""Bytes of a row of minutes besides its texts, with its part of what pages leave empty."""
SIZES = ("page_count", "freelist_count", "page_size")
MINUTE = 60
DAY = 86_400

log = structlog.get_logger()


class StoreError(Exception):
    """The store can't be read or written now; the message says why. Nothing that it holds is lost."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept."""

    event_days: float = 30
    minute_days: float = 400
    bytes: int = 256 << 20
    """Of events and minutes together. Each may fill what the other leaves; where there isn't room for both,
    each has half."""


class EventStore:
    """For one thread. ``path`` None keeps everything in memory."""

    def __init__(self, path: Path | None, bounds: Bounds) -> None:
        """Opens the file; one that is no database any more is put aside. Raises StoreError."""
        self._path = path
        self.bounds = bounds
        try:
            self._database = self._opened()
        except TooNewError as error:
            raise explained(path, error) from None
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or path is None:
                raise explained(path, error) from None
            self._put_aside(path, error)
            try:
                self._database = self._opened()
            except sqlite3.Error as again:
                raise explained(path, again) from None
        self._file = _identity(path)

    def is_in_place(self) -> bool:
        """Whether the file that was opened is still there: nobody reads what is written to one that was moved
        or deleted."""
        return _identity(self._path) == self._file

    def _opened(self) -> sqlite3.Connection:
        where = ":memory:" if self._path is None else self._path
        database = sqlite3.connect(where, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            bring_up_to_date(database)
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

    def add(self, events: Sequence[StoredEvent]) -> list[StoredEvent]:
        """Keep the events; those whose id is known already are left out. Returns the new ones, numbered.

        When this returns they are on the disk. Raises StoreError; then none was added.
        """
        with self._transaction():
            new = [kept for event in events if (kept := self._insert(event)) is not None]
            for event in new:
                self._count(event)
        return new

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing. Raises StoreError."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise explained(self._path, error) from None

    def _insert(self, event: StoredEvent) -> StoredEvent | None:
        """The event with its number; None where it is known already."""
        done = self._database.execute(
            # OR IGNORE might leave gaps in the numbers, which tell sinks what was deleted before they had it.
            "INSERT INTO events (id, time, camera, rule, kind, class, body) SELECT ?,?,?,?,?,?,? "
            "WHERE NOT EXISTS (SELECT 1 FROM events WHERE id = ?)",
            (
                *(event.id, event.time, event.camera, event.rule, event.kind, event.class_name),
                *(json.dumps(event.body), event.id),
            ),
        )
        return replace(event, number=done.lastrowid or 0) if done.rowcount == 1 else None

    def _count(self, event: StoredEvent) -> None:
        minute = int(event.time // MINUTE) * MINUTE
        row = (minute, event.camera, event.rule, event.kind, event.class_name)
        self._database.execute(
            "INSERT INTO minutes VALUES (?,?,?,?,?,1) ON CONFLICT DO UPDATE SET number = number + 1", row
        )

    def prune(self, now: float) -> int:
        """Drop what is beyond the bounds; returns how many events went. Raises StoreError."""
        try:
            gone = self._delete("time < ?", now - self.bounds.event_days * DAY)
            oldest = now - self.bounds.minute_days * DAY
            self._database.execute("DELETE FROM minutes WHERE minute < ?", (oldest,))
            gone += self._make_room()
            self._database.executescript("PRAGMA incremental_vacuum")  # execute would free one page
        except sqlite3.Error as error:
            raise explained(self._path, error) from None
        return gone

    def _make_room(self) -> int:
        """Delete the oldest until the rest is within the bounds; how many events went."""
        gone = 0
        while self._size() > self.bounds.bytes:
            events, minutes = self._number("SELECT count(*) FROM events"), self._minutes_size()
            if minutes and (not events or minutes > self.bounds.bytes / 2):
                self._delete_oldest_minutes()
            elif events:
                some = max(events // SHARE, 1)
                gone += self._delete("number IN (SELECT number FROM events ORDER BY time LIMIT ?)", some)
            else:
                break
        return gone

    def _delete(self, condition: str, value: float) -> int:
        return self._database.execute(f"DELETE FROM events WHERE {condition}", (value,)).rowcount

    def _delete_oldest_minutes(self) -> None:
        some = self._number("SELECT count(*) FROM minutes") // SHARE
        until = "SELECT minute FROM minutes ORDER BY minute LIMIT 1 OFFSET ?"
        self._database.execute(f"DELETE FROM minutes WHERE minute <= ({until})", (some,))

    def _size(self) -> int:
        """Bytes in use by events and minutes: what is remembered besides is not theirs to make room for."""
        pages, free, size = (self._number(f"PRAGMA {name}") for name in SIZES)
        remembered = self._number("SELECT coalesce(sum(length(value)), 0) FROM remembered")
        return (pages - free) * size - remembered

    def _minutes_size(self) -> int:
        """Bytes in use by minutes, roughly."""
        text = "length(camera) + length(rule) + length(kind) + length(class)"
        return self._number(f"SELECT coalesce(sum({text} + {MINUTE_ROW}), 0) FROM minutes")

    def _number(self, statement: str) -> int:
        return int(self._database.execute(statement).fetchone()[0])

    def cursor(self, sink: str) -> int:
        """Number of the last event that a sink has; a new one begins behind the newest. Raises StoreError."""
        with self._transaction():
            self._database.execute("INSERT OR IGNORE INTO cursors VALUES (?, ?)", (sink, self.newest()))
            row = self._database.execute("SELECT number FROM cursors WHERE sink = ?", (sink,)).fetchone()
        return int(row[0])

    def newest(self) -> int:
        """Number of the newest event that was ever kept. Raises StoreError."""
        try:
            row = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        except sqlite3.Error as error:
            raise explained(self._path, error) from None
        return int(row[0]) if row else 0

    def number_behind(self, number: int) -> None:
        """Give the next events numbers behind this one. Raises StoreError."""
        with self._transaction():
            if self.newest() < number:
                self._database.execute("DELETE FROM sqlite_sequence WHERE name = 'events'")
                self._database.execute("INSERT INTO sqlite_sequence VALUES ('events', ?)", (number,))

    def move_cursor(self, sink: str, number: int) -> None:
        """The sink has everything up to that event. Raises StoreError."""
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (sink, number))

    def remember(self, name: str, value: bytes) -> None:
        """Keep something besides events, in place of what had that name. Raises StoreError."""
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO remembered VALUES (?, ?)", (name, value))

    def close(self) -> None:
        self._database.close()


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Tells one file from another of its name; None where there is none."""
    try:
        status = path.stat() if path is not None else None
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status is not None else None


def explained(path: Path | None, error: Exception) -> StoreError:
    """What went wrong, with the file's name."""
    return StoreError(f"{path or 'events in memory'}: {error}")
