"""How often rules reported something, over time."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import tzinfo
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from camwire.server.api.errors import RefusedError
from camwire.server.api.event_queries import Filter, reading
from camwire.server.api.services import Services
from camwire.server.api.tables import CSV, attachment, csv_text, iso
from camwire.server.events import queries, spans
from camwire.server.events.spans import By

MOST_COUNTS = 50_000
"""Rows of counts in an answer."""
USUAL_SPANS: dict[By, int] = {"minute": 1440, "hour": 24 * 31, "day": 400}
"""How many spans of time are told where nobody says since when."""

Format = Annotated[Literal["json", "csv"], Query(alias="format")]


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


Zone = Annotated[tzinfo, Depends(zone_of)]


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["events"])
    path = services.events.keeper.path

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
