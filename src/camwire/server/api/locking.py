"""`ETag` and `If-Match`: nobody writes over what somebody else has changed meanwhile (RFC 9110, 13.1.1)."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from camwire.config import Config
from camwire.server.configuration import Edit
from camwire.server.rule_edits import only_if, tag_of

_TAG = re.compile(r'"([^"]*)"')


async def expected_rules(
    if_match: Annotated[
        str | None,
        Header(
            description="The `ETag` of the rules that the change is meant for; 412 where they are others now."
        ),
    ] = None,
) -> frozenset[str] | None:
    """The tags that the rules may have; None: any.

    Weak tags are taken, too: a proxy that compresses makes them of strong ones.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    return frozenset(_TAG.findall(if_match))


Expected = Annotated[frozenset[str] | None, Depends(expected_rules)]


def guarded(expected: frozenset[str] | None, edit: Edit) -> Edit:
    """``edit``, where the rules are still those that were expected."""
    return edit if expected is None else only_if(expected, edit)


def tag(response: Response, config: Config) -> None:
    """Say in ``response`` which rules these are."""
    response.headers["ETag"] = f'"{tag_of(config)}"'
