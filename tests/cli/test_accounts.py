"""`camwire accounts` and `camwire tokens`, as people and scripts call them."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from camwire.cli import accounts, main
from camwire.server.auth import passwords
from camwire.server.auth.credentials import digest
from camwire.server.auth.store import AccountStore

pytestmark = pytest.mark.integration

PASSWORD = "correct horse battery"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Shell:
    standard_input = io.StringIO

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.config = folder / "camwire.yaml"
        self.config.write_text("cameras: []\nserver: {accounts: people.db}\n")
        self.file = folder / "people.db"
        self._patch = monkeypatch
        self._capfd = capfd

    def __call__(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Exit status, what was printed, what was said on standard error."""
        self._patch.setattr("sys.stdin", self.standard_input(stdin))
        try:
            status = main([*arguments[:2], str(self.config), *arguments[2:]])
        except SystemExit as end:
            status = int(end.code or 0)
        printed = self._capfd.readouterr()
        return status, printed.out, printed.err


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return Shell(tmp_path, monkeypatch, capfd)


def add(shell: Shell, name: str, role: str) -> tuple[int, str, str]:
    return shell("accounts", "add", name, "--role", role, "--password-stdin", stdin=f"{PASSWORD}\n")


def test_accounts_are_added_listed_changed_and_removed(shell: Shell) -> None:
    assert shell("accounts", "list") == (0, "", "")
    assert not shell.file.exists()
    status, _, said = add(shell, "bob", "viewer")
    assert (status, "first account has to be an admin" in said) == (1, True)
    assert add(shell, "ann", "admin") == (0, "", "added: ann\n")
    assert stat.S_IMODE(shell.file.stat().st_mode) == 0o600
    assert add(shell, "bob", "viewer")[0] == 0
    assert shell("accounts", "role", "bob", "--role", "operator")[0] == 0
    assert shell("accounts", "password", "bob", "--password-stdin", stdin="another one\r\n")[0] == 0
    store = AccountStore(shell.file)
    assert passwords.matches("another one", store.password_hash("bob"))
    assert passwords.matches(PASSWORD, store.password_hash("ann"))
    store.close()
    listed = [line.split()[:2] for line in shell("accounts", "list")[1].splitlines()]
    assert listed == [["ann", "admin"], ["bob", "operator"]]
    for name in ("bob", "ann"):
        assert shell("accounts", "remove", name)[0] == 0
    assert shell("accounts", "list")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "says"),
    [
        (["accounts", "add"], "", 2, "whose?"),
        (["accounts", "add", "ann"], "", 2, "--role viewer"),
        (["accounts", "add", "ann", "--role", "admin"], "", 2, "--password-stdin"),
        (["accounts", "add", "ann", "--role", "admin", "--password-stdin"], "short\n", 1, "8 to 1024"),
        (["accounts", "add", "a b", "--role", "admin", "--password-stdin"], f"{PASSWORD}\n", 1, "letters"),
        (["accounts", "add", "ann", "--role", "king"], "", 2, "king"),
        (["accounts", "remove", "ann"], "", 1, "no account 'ann'"),
        (["accounts", "password", "ann", "--password-stdin"], f"{PASSWORD}\n", 1, "no account 'ann'"),
        (["tokens", "add"], "", 2, "whose?"),
        (["tokens", "remove", "x"], "", 1, "no token 'x'"),
    ],
)
def test_what_is_wrong_is_said(
    shell: Shell, arguments: list[str], stdin: str, status: int, says: str
) -> None:
    ended, printed, said = shell(*arguments, stdin=stdin)
    assert (ended, printed) == (status, "")
    assert says in said
    assert PASSWORD not in said
    assert "Traceback" not in said


def test_a_typed_password_is_asked_for_twice_without_echo(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([PASSWORD, PASSWORD, "one thing", "another"])
    asked: list[str] = []
    monkeypatch.setattr(accounts, "getpass", lambda prompt: asked.append(prompt) or next(typed))
    shell.standard_input = Terminal
    assert shell("accounts", "add", "ann", "--role", "admin")[0] == 0
    assert len(asked) == 2
    status, _, said = shell("accounts", "password", "ann")
    assert (status, "differ" in said) == (1, True)


def test_a_token_is_printed_once_and_kept_as_a_hash(shell: Shell) -> None:
    status, printed, _ = shell("tokens", "add", "grafana")
    token = printed.strip()
    assert (status, token.startswith("camwire_")) == (0, True)
    assert token.encode() not in shell.file.read_bytes()
    assert shell("tokens", "list")[1] == "grafana  viewer\n"
    store = AccountStore(shell.file)
    assert store.token(digest(token)) is not None
    store.close()
    assert shell("tokens", "add", "grafana", "--role", "admin")[0] == 1
    assert shell("tokens", "remove", "grafana")[0] == 0
    assert shell("tokens", "list")[1] == ""


@pytest.mark.parametrize(
    ("server", "with_account", "options", "status", "says"),
    [
        ("{}", False, [], 0, ""),
        ("{host: 0.0.0.0}", False, [], 2, "there are no accounts"),
        ("{host: 0.0.0.0}", False, ["--insecure"], 0, "risk     INSECURE"),
        ("{host: 0.0.0.0}", True, [], 0, "in the clear"),
        ("{hostnames: [cams.example]}", False, [], 2, "the proxy for cams.example"),
        ("{tls: {certificate: c.pem, key: k.pem}}", False, [], 2, "c.pem can't be read"),
    ],
)
def test_check_says_what_run_would_say(
    shell: Shell, server: str, with_account: bool, options: list[str], status: int, says: str
) -> None:
    shell.config.write_text(f"cameras: []\nserver: {server}\n")
    if with_account:
        assert add(shell, "ann", "admin")[0] == 0
    try:
        ended = main(["check", str(shell.config), *options])
    except SystemExit as end:
        ended = int(end.code or 0)
    printed = shell._capfd.readouterr()
    assert ended == status
    assert says in printed.out + printed.err
    assert ("risk" in printed.out) is (status == 0 and bool(says))
