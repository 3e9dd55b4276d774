"""The SQLite file of accounts: made for its owner alone, opened, and what can be wrong with it in words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = 1
BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process that writes."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
  name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (
  name TEXT PRIMARY KEY, role TEXT NOT NULL, digest BLOB NOT NULL UNIQUE, created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
  digest BLOB PRIMARY KEY, created REAL NOT NULL, used REAL NOT NULL,
  account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE
) WITHOUT ROWID;
"""


class AccountsFileError(Exception):
    """The accounts' file can't be read or written now; the message says why."""


def created(path: Path | None) -> Path | None:
    """The file, made for nobody but its owner where there was none."""
    if path is not None:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return path


def opened(path: Path | None) -> sqlite3.Connection:
    where = ":memory:" if path is None else path
    database = sqlite3.connect(where, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            database.executescript(f"BEGIN IMMEDIATE;{SCHEMA}PRAGMA user_version = {VERSION};COMMIT;")
        elif version != VERSION:
            raise AccountsFileError(f"{path} was written by another version of camwire: use that one")
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def explained(path: Path | None) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise AccountsFileError(
            f"{path}: the accounts' file can't be used: {error}. Give camwire's user the right to read and "
            "write it and its folder; where it is damaged, put a copy in its place or begin anew without it"
        ) from error
    except OSError as error:
        raise AccountsFileError(
            f"{path}: the accounts' file can't be used: {error.strerror}. Give camwire's user the right to "
            "read and write it and its folder, or set server.accounts to another path"
        ) from error
