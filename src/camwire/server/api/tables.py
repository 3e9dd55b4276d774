"""Events as files: tables, and JSON with a line for each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from camwire.server.events.store import StoreError

JSON, CSV = "application/json", "text/csv"
CSV_COLUMNS = (
    *("number", "id", "time", "camera", "rule", "kind", "object", "class", "score"),
    *("x1", "y1", "x2", "y2", "value"),
)

log = structlog.get_logger()


def attachment(name: str) -> dict[str, str]:
    """Headers that have a browser save an answer under this name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def iso(utc: float) -> str:
    return datetime.fromtimestamp(utc, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_far_as_possible(texts: Iterator[str]) -> Iterator[str]:
    """What is read until the events' file can't be read any more; then the last line says so.

    An answer that has begun can't become an error; in JSON, that line and the missing end have no reader take
    a part for the whole.
    """
    try:
        yield from texts
    except StoreError as error:
        log.warning("a download of events ends early", reason=str(error))
        yield f"\n\nThis is not all: events can't be read any more: {error}\n"


def as_json_lines(parts: Iterator[list[dict[str, Any]]]) -> Iterator[str]:
    """A JSON array with an event on each line."""
    yield "["
    for number, events in enumerate(parts):
        yield (",\n" if number else "\n") + ",\n".join(
            json.dumps(event, ensure_ascii=False) for event in events
        )
    yield "\n]\n"


def as_table(parts: Iterator[list[dict[str, Any]]]) -> Iterator[str]:
    yield csv_text([CSV_COLUMNS])
    for events in parts:
        yield csv_text(map(as_row, events))


def as_row(event: dict[str, Any]) -> list[Any]:
    """Its values by ``CSV_COLUMNS``."""
    box = event["box"] or [None] * 4
    flat = {**event, "time": iso(event["time"]), **dict(zip(("x1", "y1", "x2", "y2"), box, strict=True))}
    return [flat[column] for column in CSV_COLUMNS]


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
