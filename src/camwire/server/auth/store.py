"""Accounts, tokens and sessions in an SQLite file of their own, which `camwire accounts` writes too.

Nothing is held beside the file: what another process changes counts with the next request.
"""

from __future__ import annotations

import hmac
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from camwire.server.auth.database import created, explained, opened
from camwire.server.auth.roles import Role

NAME = re.compile(r"[\w.@+-]{1,64}")

log = structlog.get_logger()


class AccountsError(Exception):
    """What is asked can't be done; the message says why and what to do. Nothing was changed."""


class UnknownNameError(AccountsError):
    """There is no such account or token."""


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    role: Role
    created: float
    """UTC."""


@dataclass(frozen=True, slots=True)
class Token:
    """A program's login; its text is kept nowhere."""

    name: str
    role: Role
    created: float


@dataclass(frozen=True, slots=True)
class Session:
    account: str
    role: Role
    created: float
    used: float
    """When a request last came with it."""


class AccountStore:
    """``path`` None keeps everything in memory. The file comes with the first account or token.

    Reading takes microseconds and may be done in the event loop's thread; what writes waits for the disk.
    Everything raises AccountsFileError.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._writing = threading.Lock()
        self._opening = threading.Lock()
        self._file: tuple[int, int] | None = None
        self._reader: sqlite3.Connection | None = None
        self._memory = opened(None) if path is None else None

    # Reading

    def any_accounts(self) -> bool:
        return bool(self._rows("SELECT 1 FROM accounts LIMIT 1"))

    def accounts(self) -> list[Account]:
        return [Account(*row) for row in self._rows("SELECT name, role, created FROM accounts ORDER BY name")]

    def tokens(self) -> list[Token]:
        return [Token(*row) for row in self._rows("SELECT name, role, created FROM tokens ORDER BY name")]

    def password_hash(self, account: str) -> str | None:
        rows = self._rows("SELECT password FROM accounts WHERE name = ?", account)
        return rows[0][0] if rows else None

    def role_of(self, account: str) -> Role | None:
        rows = self._rows("SELECT role FROM accounts WHERE name = ?", account)
        return rows[0][0] if rows else None

    def token(self, digest: bytes) -> Token | None:
        rows = self._rows("SELECT name, role, created, digest FROM tokens WHERE digest = ?", digest)
        # The index compares digests, whose beginning nobody can choose; this compares in constant time.
        return next((Token(*row[:3]) for row in rows if hmac.compare_digest(row[3], digest)), None)

    def session(self, digest: bytes) -> Session | None:
        """Whether it is still good is for the caller to say."""
        rows = self._rows(
            "SELECT a.name, a.role, s.created, s.used, s.digest FROM sessions s "
            "JOIN accounts a ON a.name = s.account WHERE s.digest = ?",
            digest,
        )
        return next((Session(*row[:4]) for row in rows if hmac.compare_digest(row[4], digest)), None)

    # Writing

    def add_account(self, name: str, role: Role, password_hash: str, now: float) -> None:
        """Raises AccountsError for a name that is taken or unfit, and where the first one is no admin."""
        _check_name(name)
        with self._transaction() as database:
            if role != "admin" and not _admins(database):
                raise AccountsError("the first account has to be an admin: nobody else could add others")
            values = (name, role, password_hash, now)
            if not _inserted(database, "INSERT OR IGNORE INTO accounts VALUES (?, ?, ?, ?)", values):
                raise AccountsError(f"there is an account {name!r} already")

    def change_account(
        self,
        name: str,
        *,
        role: Role | None = None,
        password_hash: str | None = None,
        keep_admin: bool = True,
    ) -> None:
        """Ends the account's sessions. Raises AccountsError."""
        with self._transaction() as database:
            _check_admin_stays(database, name, keep_admin and role not in (None, "admin"))
            changed = database.execute(
                "UPDATE accounts SET role = coalesce(?, role), password = coalesce(?, password) "
                "WHERE name = ?",
                (role, password_hash, name),
            )
            if not changed.rowcount:
                raise UnknownNameError(f"there is no account {name!r}")
            database.execute("DELETE FROM sessions WHERE account = ?", (name,))

    def remove_account(self, name: str, *, keep_admin: bool = True) -> None:
        """Ends its sessions. ``keep_admin``: refuse to remove the only admin. Raises AccountsError."""
        with self._transaction() as database:
            _check_admin_stays(database, name, keep_admin)
            if not database.execute("DELETE FROM accounts WHERE name = ?", (name,)).rowcount:
                raise UnknownNameError(f"there is no account {name!r}")

    def add_token(self, name: str, role: Role, digest: bytes, now: float) -> None:
        """Raises AccountsError for a name that is taken or unfit."""
        _check_name(name)
        with self._transaction() as database:
            values = (name, role, digest, now)
            if not _inserted(database, "INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?)", values):
                raise AccountsError(f"there is a token {name!r} already")

    def remove_token(self, name: str) -> None:
        """Raises AccountsError."""
        with self._transaction() as database:
            if not database.execute("DELETE FROM tokens WHERE name = ?", (name,)).rowcount:
                raise UnknownNameError(f"there is no token {name!r}")

    def add_session(self, digest: bytes, account: str, password_hash: str, now: float, oldest: float) -> bool:
        """False where the account is gone or has another password by now. Those from before ``oldest`` go."""
        with self._transaction() as database:
            database.execute("DELETE FROM sessions WHERE created < ?", (oldest,))
            return _inserted(
                database,
                "INSERT INTO sessions SELECT ?, ?, ?, name FROM accounts WHERE name = ? AND password = ?",
                (digest, now, now, account, password_hash),
            )

    def use_session(self, digest: bytes, now: float) -> None:
        with self._transaction() as database:
            database.execute("UPDATE sessions SET used = ? WHERE digest = ?", (now, digest))

    def remove_session(self, digest: bytes) -> None:
        with self._transaction() as database:
            database.execute("DELETE FROM sessions WHERE digest = ?", (digest,))

    def close(self) -> None:
        for database in (self._reader, self._memory):
            if database is not None:
                database.close()
        self._reader = None

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._opening, explained(self.path):
            database = self._memory or self._read()
            return [] if database is None else database.execute(query, values).fetchall()

    def _read(self) -> sqlite3.Connection | None:
        """A connection to the file that is there now; None while there is none."""
        assert self.path is not None
        try:
            status = self.path.stat()
        except FileNotFoundError:
            status = None
        file = (status.st_dev, status.st_ino) if status is not None else None
        if file != self._file and self._reader is not None:
            self._reader.close()
            self._reader = None
        if status is not None and self._reader is None:
            if status.st_mode & 0o077:
                log.warning("others may read the accounts' file: chmod 600 it", file=str(self.path))
            self._reader = opened(self.path)
        self._file = file
        return self._reader

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """For one writer at a time; wholly or not at all."""
        with self._writing, explained(self.path):
            database = self._memory or opened(created(self.path))
            try:
                database.execute("BEGIN IMMEDIATE")
                try:
                    yield database
                except BaseException:
                    database.execute("ROLLBACK")
                    raise
                database.execute("COMMIT")
            finally:
                if database is not self._memory:
                    database.close()


def _inserted(database: sqlite3.Connection, statement: str, values: tuple[object, ...]) -> bool:
    return database.execute(statement, values).rowcount > 0


def _admins(database: sqlite3.Connection) -> list[str]:
    return [name for (name,) in database.execute("SELECT name FROM accounts WHERE role = 'admin'")]


def _check_admin_stays(database: sqlite3.Connection, name: str, matters: bool) -> None:
    if matters and _admins(database) == [name]:
        raise AccountsError(f"{name!r} is the only admin: make another one first")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise AccountsError("a name has 1 to 64 letters, digits and . @ + - _")
