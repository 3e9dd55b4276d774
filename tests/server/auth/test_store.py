"""The accounts' file: what is kept, who may read it, what others change, what is said when it fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from camwire.server.auth.credentials import digest
from camwire.server.auth.database import AccountsFileError
from camwire.server.auth.store import AccountsError, AccountStore, UnknownNameError

pytestmark = pytest.mark.integration


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AccountStore]:
    store = AccountStore(tmp_path / "accounts.db" if request.param == "file" else None)
    yield store
    store.close()


def test_accounts_come_change_and_go_and_their_sessions_end(store: AccountStore) -> None:
    assert (store.accounts(), store.any_accounts(), store.password_hash("ann")) == ([], False, None)
    store.add_account("ann", "admin", "hash", 5.0)
    store.add_account("bob", "viewer", "other", 6.0)
    assert store.any_accounts()
    assert [(known.name, known.role, known.created) for known in store.accounts()] == [
        ("ann", "admin", 5.0),
        ("bob", "viewer", 6.0),
    ]

    for number, change in enumerate(
        (
            lambda: store.change_account("bob", role="operator"),
            lambda: store.change_account("bob", password_hash="new"),
            lambda: store.remove_account("bob"),
        )
    ):
        session = digest(f"session {number}")
        known = store.password_hash("bob")
        assert known is not None
        assert store.add_session(session, "bob", known, 7.0, 0.0)
        assert store.session(session) is not None
        change()
        assert store.session(session) is None
    assert store.password_hash("bob") is None


def test_a_session_begins_only_with_the_password_that_was_checked(store: AccountStore) -> None:
    store.add_account("ann", "admin", "hash", 5.0)
    store.change_account("ann", password_hash="changed meanwhile")
    assert not store.add_session(digest("s"), "ann", "hash", 7.0, 0.0)
    assert not store.add_session(digest("s"), "nobody", "hash", 7.0, 0.0)
    assert store.session(digest("s")) is None


def test_sessions_are_noted_as_used_and_old_ones_forgotten(store: AccountStore) -> None:
    store.add_account("ann", "admin", "hash", 5.0)
    store.add_session(digest("old"), "ann", "hash", 10.0, 0.0)
    store.use_session(digest("old"), 20.0)
    found = store.session(digest("old"))
    assert found is not None
    assert (found.account, found.role, found.created, found.used) == ("ann", "admin", 10.0, 20.0)
    store.add_session(digest("new"), "ann", "hash", 30.0, 15.0)
    assert store.session(digest("old")) is None
    store.remove_session(digest("new"))
    assert store.session(digest("new")) is None


def test_tokens_are_found_by_their_digest_alone(store: AccountStore) -> None:
    store.add_token("graf", "viewer", digest("secret"), 5.0)
    found = store.token(digest("secret"))
    assert found is not None
    assert (found.name, found.role) == ("graf", "viewer")
    assert store.token(digest("secret ")) is None
    with pytest.raises(AccountsError, match="already"):
        store.add_token("graf", "viewer", digest("another"), 5.0)
    store.remove_token("graf")
    assert store.token(digest("secret")) is None
    with pytest.raises(UnknownNameError, match="no token 'graf'"):
        store.remove_token("graf")


def test_nobody_locks_everybody_out(store: AccountStore) -> None:
    with pytest.raises(AccountsError, match="first account has to be an admin"):
        store.add_account("bob", "operator", "hash", 5.0)
    store.add_account("ann", "admin", "hash", 5.0)
    store.add_account("bob", "operator", "hash", 5.0)
    for change in (
        lambda: store.remove_account("ann"),
        lambda: store.change_account("ann", role="viewer"),
    ):
        with pytest.raises(AccountsError, match="only admin"):
            change()
    store.change_account("ann", role="admin", password_hash="x")
    store.remove_account("ann", keep_admin=False)
    with pytest.raises(UnknownNameError):
        store.change_account("ann", role="admin")
    with pytest.raises(UnknownNameError):
        store.remove_account("nobody")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\n", "x" * 65, "a'b", "<a>"])
def test_odd_names_are_refused(name: str) -> None:
    store = AccountStore(None)
    with pytest.raises(AccountsError, match="letters"):
        store.add_account(name, "admin", "hash", 5.0)
    with pytest.raises(AccountsError, match="letters"):
        store.add_token(name, "admin", digest("x"), 5.0)
    store.close()


def test_the_file_comes_with_the_first_account_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    store = AccountStore(path)
    assert not store.any_accounts()
    assert list(tmp_path.iterdir()) == []
    store.add_account("ann", "admin", "hash", 5.0)
    assert store.any_accounts()
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    store.close()


def test_what_another_process_changes_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    server, command = AccountStore(path), AccountStore(path)
    assert not server.any_accounts()
    command.add_account("ann", "admin", "hash", 5.0)
    assert server.any_accounts()
    command.add_account("bob", "viewer", "hash", 5.0)
    assert len(server.accounts()) == 2
    command.close()
    # Put back from a copy: another file in its place, and nothing beside it.
    other = AccountStore(tmp_path / "copy.db")
    other.add_account("eve", "admin", "hash", 5.0)
    other.close()
    for beside in tmp_path.glob("accounts.db-*"):
        beside.unlink()
    (tmp_path / "copy.db").replace(path)
    assert [known.name for known in server.accounts()] == ["eve"]
    path.unlink()
    assert not server.any_accounts()
    server.close()


def test_a_file_that_is_none_of_ours_is_said(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    path.write_text("no database at all, just a text that is long enough to be looked at")
    with pytest.raises(AccountsFileError, match=r"accounts\.db: the accounts' file can't be used"):
        AccountStore(path).any_accounts()
    with pytest.raises(AccountsFileError):
        AccountStore(path).add_account("ann", "admin", "hash", 5.0)
    with pytest.raises(AccountsFileError, match=r"No such file.*server\.accounts"):
        AccountStore(tmp_path / "nowhere" / "accounts.db").add_account("ann", "admin", "hash", 5.0)
    path.unlink()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(AccountsFileError, match="another version"):
        AccountStore(path).any_accounts()


def test_a_change_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    store = AccountStore(tmp_path / "accounts.db")
    store.add_account("ann", "admin", "hash", 5.0)
    with pytest.raises(AccountsError, match="already"):
        store.add_account("ann", "viewer", "other", 6.0)
    assert store.password_hash("ann") == "hash"
    assert store.role_of("ann") == "admin"
    store.add_account("bob", "viewer", "other", 6.0)
    store.close()
