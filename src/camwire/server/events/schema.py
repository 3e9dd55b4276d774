"""The tables of the events' file, and how an older file comes to have them."""

from __future__ import annotations

import sqlite3

VERSION = 3

EVENTS = """
CREATE TABLE events (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, time REAL NOT NULL, camera TEXT NOT NULL,
  rule TEXT NOT NULL, kind TEXT NOT NULL, class TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (time);
CREATE TABLE cursors (sink TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE remembered (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
INDEXES = """
CREATE INDEX events_by_camera ON events (camera);
CREATE INDEX events_by_rule ON events (rule);
CREATE INDEX events_by_kind ON events (kind);
CREATE INDEX events_by_class ON events (class);
"""
"""Each ends with the event's number, so events that are alike come out of it in their order."""
MINUTES = """
CREATE TABLE minutes (
  minute INTEGER, camera TEXT, rule TEXT, kind TEXT, class TEXT, number INTEGER NOT NULL,
  PRIMARY KEY (minute, camera, rule, kind, class)
) WITHOUT ROWID;
"""
FROM_1 = f"""
DROP INDEX events_by_time;
ALTER TABLE events RENAME TO events_1;
{EVENTS}
INSERT INTO events (id, time, camera, rule, kind, class, body)
  SELECT id, time, camera, rule, kind, coalesce(json_extract(body, '$.class'), ''), body
  FROM events_1 ORDER BY time, id;
DROP TABLE events_1;
"""
STEPS = {0: EVENTS + INDEXES + MINUTES, 1: FROM_1 + INDEXES, 2: INDEXES}
"""What makes a file of a version one of ``VERSION``."""


class TooNewError(Exception):
    """A newer camwire has written the file."""


def bring_up_to_date(database: sqlite3.Connection) -> None:
    """Make or change the tables, in one transaction. Raises TooNewError and sqlite3.Error."""
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version == VERSION:
        return
    if version not in STEPS:
        raise TooNewError(f"it is of version {version}; this camwire knows versions up to {VERSION}")
    database.executescript(f"BEGIN IMMEDIATE;{STEPS[version]}PRAGMA user_version = {VERSION};COMMIT;")
