"""What the rules reported, and how often: pages, downloads, pictures, counts over time."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

import structlog
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, StreamingResponse

from camwire.server.api.errors import RefusedError
from camwire.server.api.services import Services
from camwire.server.events import queries, spans
from camwire.server.events.event import StoredEvent
from camwire.server.events.media import PROMISED, promised
from camwire.server.events.queries import NothingKeptError
from camwire.server.events.spans import By
from camwire.server.events.store import StoreError

JSON, CSV = "application/json", "text/csv"
FOREVER = {"Cache-Control": "private, max-age=86400, immutable"}
"""What a picture's address shows never changes."""

MOST_COUNTS = 50_000
"""Rows of counts in an answer."""
USUAL_SPANS: dict[By, int] = {"minute": 1440, "hour": 24 * 31, "day": 400}
"""How many spans of time are told where nobody says since when."""
CSV_COLUMNS = (
    *("number", "id", "time", "camera", "rule", "kind", "object", "class", "score"),
    *("x1", "y1", "x2", "y2", "value"),
)

log = structlog.get_logger()

Text = Annotated[str | None, Query(max_length=255)]
Moment = Annotated[
    float | None, Query(ge=0, le=1e11, allow_inf_nan=False, description="UTC, seconds since 1970.")
]
Format = Annotated[Literal["json", "csv"], Query(alias="format")]
Result = TypeVar("Result")


class Event(BaseModel, extra="allow"):
    """Something that a rule reported."""

    number: int = Field(description="Counts events in the order in which they were kept.")
    id: str
    time: float = Field(description="UTC, seconds since 1970: when the picture was captured.")
    camera: str
    rule: str
    kind: str = Field(description="`enter`, `exit`, `in`, `out`, …")
    object: int | None = Field(description="Its id; null for what concerns a whole zone.")
    class_: str | None = Field(alias="class")
    score: float | None
    box: list[float] | None = Field(description="x1, y1, x2, y2 in pixels of the full picture.")
    counts: dict[str, dict[str, int]] | None = Field(
        description="The rule's counts at this camera right after it, by what is counted and class."
    )
    snapshot: str | None = Field(description="Address of the picture.")
    clip: str | None = Field(description="Address of the video.")


class Page(BaseModel):
    events: list[Event] = Field(description="Newest first.")
    next: int | None = Field(description="Give it as `before` to get the page behind; null: there is none.")


class Count(BaseModel):
    time: int = Field(description="UTC of the span's beginning.")
    camera: str
    rule: str
    kind: str
    class_: str | None = Field(alias="class")
    number: int


class Counts(BaseModel):
    by: By
    counts: list[Count] = Field(description="Oldest first.")


def looked_for(
    camera: Text = None,
    rule: Text = None,
    kind: Text = None,
    class_: Annotated[str | None, Query(alias="class", max_length=255)] = None,
    since: Moment = None,
    until: Moment = None,
) -> queries.Query:
    """What the parameters say that all lists of events have."""
    return queries.Query(camera, rule, kind, since, until=until, class_name=class_)


def zone_of(
    time_zone: Annotated[
        str, Query(max_length=255, description="An IANA name, such as `Europe/Berlin`.", examples=["UTC"])
    ] = "UTC",
) -> tzinfo:
    """The zone that the parameter names. Raises RefusedError."""
    try:
        return spans.time_zone(time_zone)
    except spans.UnknownZoneError:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "this machine knows no time zone of that name",
            where="query.time_zone",
            todo="Give an IANA name, such as Europe/Berlin. Where the server knows none but UTC, its system "
            "lacks the package tzdata.",
        ) from None


Filter = Annotated[queries.Query, Depends(looked_for)]
Zone = Annotated[tzinfo, Depends(zone_of)]


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["events"])
    path, media = services.events.keeper.path, services.events.media

    async def event_of(name: str) -> StoredEvent:
        if (event := await reading(lambda: queries.event(path, name))) is None:
            raise unknown("no event has this id; it may have been deleted because of its age")
        return event

    @router.get("/events")
    async def events(
        wanted: Filter,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    ) -> Page:
        """What the rules reported, page by page."""
        query = replace(wanted, limit=limit + 1, before=before)

        def read() -> tuple[list[dict[str, Any]], bool]:
            found, now = queries.find(path, query)[::-1], time.time()
            return [media.told(event, now) for event in found[:limit]], len(found) > limit

        page, more = await reading(read) or ([], False)
        return Page.model_validate({"events": page, "next": page[-1]["number"] if more else None})

    @router.get("/events.json", response_class=StreamingResponse, responses={200: {"content": {JSON: {}}}})
    async def download_json(wanted: Filter) -> StreamingResponse:
        """Every event that fits, newest first, as a file."""
        return await download(wanted, as_json_lines, JSON, "events.json")

    @router.get("/events.csv", response_class=StreamingResponse, responses={200: {"content": {CSV: {}}}})
    async def download_csv(wanted: Filter) -> StreamingResponse:
        """Every event that fits, newest first, as a table."""
        return await download(wanted, as_table, CSV, "events.csv")

    async def download(
        wanted: queries.Query,
        written: Callable[[Iterator[list[dict[str, Any]]]], Iterator[str]],
        media_type: str,
        name: str,
    ) -> StreamingResponse:
        # The first read happens here: what is wrong with the file is still an answer then.
        first = await reading(lambda: queries.find(path, replace(wanted, limit=1)))
        parts = (
            [media.told(event, time.time()) for event in part]
            for part in (queries.parts(path, wanted) if first else ())
        )
        return StreamingResponse(
            as_far_as_possible(written(parts)), media_type=media_type, headers=attachment(name)
        )

    @router.get("/events/{event_id}")
    async def event(event_id: str) -> Event:
        """One event."""
        found = await event_of(event_id)
        return Event.model_validate(await asyncio.to_thread(media.told, found, time.time()))

    @router.get(
        "/events/{event_id}/snapshot.jpg",
        response_class=FileResponse,
        responses={200: {"content": {"image/jpeg": {}}, "description": "The picture."}},
    )
    async def snapshot(event_id: str) -> FileResponse:
        """The picture of the event, where `events.snapshots` asks for them."""
        found = await event_of(event_id)
        deadline = time.monotonic() + PROMISED
        while (file := await asyncio.to_thread(media.path, found, "snapshot")) is None:
            if time.monotonic() > deadline or not promised(found, time.time()):
                raise unknown("there is no picture of this event")
            await asyncio.sleep(0.1)
        return FileResponse(file, media_type="image/jpeg", headers=FOREVER)

    @router.get(
        "/events/{event_id}/clip.mp4",
        response_class=FileResponse,
        responses={200: {"content": {"video/mp4": {}}, "description": "The video."}},
    )
    async def clip(event_id: str) -> FileResponse:
        """The video around the event, where `events.clips` asks for them."""
        if (file := await asyncio.to_thread(media.path, await event_of(event_id), "clip")) is None:
            raise unknown("there is no video of this event, or not yet")
        return FileResponse(file, media_type="video/mp4", headers=FOREVER)

    @router.get("/counts", responses={200: {"content": {CSV: {}}}}, response_model=Counts)
    async def counts(wanted: Filter, zone: Zone, by: By = "hour", form: Format = "json") -> Counts | Response:
        """How many events there were, by span of time, camera, rule, kind and class.

        Hours and days are those of `time_zone`; a day in which its clocks change has 23 or 25 hours. Without
        `since`: of the last day by minute, of the last month by hour, of the last 400 days by day.
        """
        since = wanted.since
        if since is None:
            since = spans.spans_ago(by, USUAL_SPANS[by] - 1, time.time(), zone)
        query = replace(wanted, since=since, limit=MOST_COUNTS + 1)
        rows = await reading(lambda: queries.counts(path, query, by, zone)) or []
        if len(rows) > MOST_COUNTS:
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"that would be more than {MOST_COUNTS} counts",
                where="query",
                todo="Ask for less: a camera, a rule, a shorter time, or longer spans.",
            )
        if form == "csv":
            table = [("time", "camera", "rule", "kind", "class", "number")]
            table += [(iso(row.time), *row[1:5], str(row.number)) for row in rows]
            return Response(csv_text(table), media_type=CSV, headers=attachment("counts.csv"))
        return Counts.model_validate(
            {"by": by, "counts": [{**row._asdict(), "class": row.class_name or None} for row in rows]}
        )

    return router


async def reading(read: Callable[[], Result]) -> Result | None:
    """What a query gives, in a thread; None where there is no file yet. Raises RefusedError."""
    try:
        return await asyncio.to_thread(read)
    except NothingKeptError:
        return None
    except StoreError as error:
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"events can't be read now: {error}",
            where="events.file",
            todo="Look at the file and its disk; camwire goes on by itself once they are well.",
        ) from None


def unknown(what: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.NOT_FOUND, what, where="path", todo="GET /api/v1/events lists what there is."
    )


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
