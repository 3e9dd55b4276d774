"""What the rules reported: pages, downloads, pictures, videos."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, StreamingResponse

from camwire.server.api.errors import RefusedError
from camwire.server.api.event_queries import Filter, reading
from camwire.server.api.services import Services
from camwire.server.api.tables import CSV, JSON, as_far_as_possible, as_json_lines, as_table, attachment
from camwire.server.events import queries
from camwire.server.events.event import StoredEvent
from camwire.server.events.media import PROMISED, promised

FOREVER = {"Cache-Control": "private, max-age=86400, immutable"}
"""What a picture's address shows never changes."""


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

    return router


def unknown(what: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.NOT_FOUND, what, where="path", todo="GET /api/v1/events lists what there is."
    )
