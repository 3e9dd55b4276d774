"""`camwire accounts`: people who may use the server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from camwire.cli.errors import WRONG_CONFIGURATION, CommandError

if TYPE_CHECKING:
    from camwire.server.auth.roles import Role
    from camwire.server.auth.store import AccountStore


def command(
    action: Annotated[
        Literal["add", "list", "password", "role", "remove"],
        typer.Argument(help="`password` and `role` set another one."),
    ],
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="The configuration.")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Whose account.")] = None,
    role: Annotated[
        Literal["viewer", "operator", "admin"] | None,
        typer.Option(
            help="For `add` and `role`. A viewer looks; an operator also switches cameras, rules and what is "
            "drawn; an admin changes everything."
        ),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input's first line.")
    ] = False,
) -> None:
    """List and change the accounts of people. The first one has to be an admin.

    They are kept in the file that `server.accounts` names. camwire may be running meanwhile; a change counts
    with the next request, and ends the account's sessions.
    """
    with opened(config) as store:
        if action == "list":
            for account in store.accounts():
                print(f"{account.name}  {account.role}  since {_day(account.created)}")
            return
        who = needed(name, f"accounts {action} CONFIG.yaml NAME")
        if action == "remove":
            store.remove_account(who, keep_admin=False)
        elif action == "role":
            store.change_account(who, role=_needed_role(role, action), keep_admin=False)
        elif action == "password":
            store.change_account(who, password_hash=_password_hash(password_stdin))
        else:
            chosen = _needed_role(role, action)
            store.add_account(who, chosen, _password_hash(password_stdin), time.time())
    print(f"{_DONE[action]}: {who}", file=sys.stderr)


_DONE = {"add": "added", "remove": "removed", "role": "changed", "password": "changed"}


@contextmanager
def opened(config: Path) -> Iterator[AccountStore]:
    """The configuration's accounts; what goes wrong with them ends the command."""
    from camwire.config import load
    from camwire.server.auth.database import AccountsFileError
    from camwire.server.auth.passwords import UnfitPasswordError
    from camwire.server.auth.security import accounts_file
    from camwire.server.auth.store import AccountsError, AccountStore

    store = AccountStore(accounts_file(load(config).server, config.absolute().parent))
    try:
        yield store
    except (AccountsError, AccountsFileError, UnfitPasswordError) as error:
        raise CommandError(str(error)) from None
    finally:
        store.close()


def needed(name: str | None, usage: str) -> str:
    """Raises CommandError where there is no name."""
    if name is None:
        raise CommandError(f"whose? camwire {usage}", WRONG_CONFIGURATION)
    return name


def _needed_role(role: Role | None, action: str) -> Role:
    if role is None:
        raise CommandError(
            f"accounts {action} needs --role viewer, --role operator or --role admin", WRONG_CONFIGURATION
        )
    return role


def _password_hash(from_stdin: bool) -> str:
    from camwire.server.auth.passwords import hashed

    return hashed(_piped_password() if from_stdin else _typed_password())


def _piped_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _typed_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError(
            "a password is asked for on a terminal; use --password-stdin elsewhere", WRONG_CONFIGURATION
        )
    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        raise CommandError("the two passwords differ; nothing was changed")
    return password


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
