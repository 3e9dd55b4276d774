"""What requests about events look for, and reading it without anybody waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import Depends, Query

from camwire.server.api.errors import RefusedError
from camwire.server.events import queries
from camwire.server.events.queries import NothingKeptError
from camwire.server.events.store import StoreError

Text = Annotated[str | None, Query(max_length=255)]
Moment = Annotated[
    float | None, Query(ge=0, le=1e11, allow_inf_nan=False, description="UTC, seconds since 1970.")
]
Result = TypeVar("Result")


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


Filter = Annotated[queries.Query, Depends(looked_for)]


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
