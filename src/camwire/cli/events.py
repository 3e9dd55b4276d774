"""`camwire events`: what the rules reported."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camwire.cli.errors import WRONG_CONFIGURATION, CommandError

if TYPE_CHECKING:
    from camwire.server.events.event import StoredEvent

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def command(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="The configuration that ran.")],
    camera: Annotated[str | None, typer.Option(metavar="ID", help="Only this camera's.")] = None,
    rule: Annotated[str | None, typer.Option(metavar="NAME", help="Only this rule's.")] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only of this kind: `enter`, `in`, …")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Not before: `90m`, `12h`, `7d` ago, or 2026-01-31T12:00 (UTC)."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 1000,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object an event, each on a line.")
    ] = False,
) -> None:
    """Print what the rules reported, oldest first, from the file that the configuration names.

    camwire may be running meanwhile.
    """
    from camwire.config import load
    from camwire.server.events.queries import Query, find
    from camwire.server.events.store import StoreError

    settings = load(config)
    path = config.absolute().parent / Path(settings.events.file).expanduser()
    begin = None if since is None else begin_of(since, time.time())
    try:
        events = find(path, Query(camera, rule, kind, begin, limit))
    except StoreError as error:
        raise CommandError(str(error)) from error
    for event in events:
        print(json.dumps(event.as_json(), ensure_ascii=False) if as_json else readable(event))


def begin_of(text: str, now: float) -> float:
    """UTC of `12h` (ago) or of an ISO date and time. Raises CommandError."""
    try:
        if text[-1:] in UNITS:
            return now - timedelta(**{UNITS[text[-1]]: float(text[:-1])}).total_seconds()
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        message = f"--since {text}: neither an age such as 12h nor a time such as 2026-01-31T12:00"
        raise CommandError(message, WRONG_CONFIGURATION) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def readable(event: StoredEvent) -> str:
    """One event as a line for people."""
    at = datetime.fromtimestamp(event.time, UTC).isoformat(sep=" ", timespec="milliseconds")
    who = f"  {event.body['class']} #{event.body['object']}" if "object" in event.body else ""
    value = event.body.get("value")
    return f"{at}  {event.camera}  {event.rule}  {event.kind}{who}" + (
        "" if value is None else f"  {value:.1f}"
    )
