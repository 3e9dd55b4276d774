"""The API as an application of its own, so that its errors and its description are its own too."""

from __future__ import annotations

from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from camwire import __version__
from camwire.server.api import (
    accounts,
    cameras,
    counts,
    events,
    pictures,
    rule_proposals,
    rules,
    session,
    settings,
    system,
)
from camwire.server.api.error_answers import add_error_answers
from camwire.server.api.errors import ErrorBody
from camwire.server.api.guard import BoundedBody, SameOrigin
from camwire.server.api.services import Services
from camwire.server.auth.credentials import COOKIE

PREFIX = "/api/v1"
PAGE = Path(__file__).parent / "page"
"""Shows the description; loads nothing from elsewhere."""

DESCRIPTION = """\
Everything that changes something is checked like the configuration's file, used at once without touching
other cameras, and written back to the file around its comments. Answers that are no success have a body that
says what is wrong, where, and what to do.
"""

# For the description alone: the gate judges them.
_token = HTTPBearer(auto_error=False, scheme_name="token", description="As `camwire tokens add` prints it.")
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, scheme_name="session", description="As POST /session sets it."
)


def create_api(services: Services) -> FastAPI:
    """To be mounted at ``PREFIX``."""
    api = FastAPI(
        title="camwire",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        dependencies=[Depends(_token), Depends(_cookie)],
        responses={"default": {"model": ErrorBody, "description": "What is wrong."}},
    )
    api.add_middleware(SameOrigin)
    api.add_middleware(BoundedBody)
    add_error_answers(api)
    for router in (
        session.routes(services),
        accounts.routes(services),
        cameras.trial_routes(services),
        pictures.routes(services),
        cameras.routes(services),
        settings.routes(services),
        rules.routes(services),
        rule_proposals.routes(services),
        events.routes(services),
        counts.routes(services),
        system.routes(services),
    ):
        api.include_router(router)

    @api.get("/docs", include_in_schema=False)
    async def docs() -> RedirectResponse:
        return RedirectResponse(f"{PREFIX}/docs/")

    api.mount("/docs", StaticFiles(directory=PAGE, html=True))
    return api
