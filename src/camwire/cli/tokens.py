"""`camwire tokens`: programs that may use the server."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from camwire.cli.accounts import needed, opened


def command(
    action: Annotated[
        Literal["add", "list", "remove"], typer.Argument(help="`add` prints the token; it is kept nowhere.")
    ],
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="The configuration.")],
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="What the token is for, for example `grafana`.")
    ] = None,
    role: Annotated[
        Literal["viewer", "operator", "admin"], typer.Option(help="What the program may do.")
    ] = "viewer",
) -> None:
    """List and change the tokens of programs, which send them as `Authorization: Bearer TOKEN`."""
    from camwire.server.auth.credentials import digest, new_token

    with opened(config) as store:
        if action == "list":
            for token in store.tokens():
                print(f"{token.name}  {token.role}")
            return
        who = needed(name, f"tokens {action} CONFIG.yaml NAME")
        if action == "remove":
            store.remove_token(who)
            print(f"removed: {who}", file=sys.stderr)
        else:
            text = new_token()
            store.add_token(who, role, digest(text), time.time())
            print(text)
