"""What goes wrong, as programs and people get it: what, where, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from camwire.config.secrets import SECRETS


class ErrorBody(BaseModel):
    """The body of every answer that is no success."""

    what: str = Field(description="What is wrong, in a sentence.")
    where: str = Field(description="The part of the request, or of the server, that it is about.")
    todo: str = Field(description="What helps.")
    problems: list[str] = Field(description="Every single mistake, where there may be several.")


class RefusedError(Exception):
    """A request that can't be done."""

    def __init__(
        self, status: HTTPStatus, what: str, *, where: str, todo: str, problems: Sequence[str] = ()
    ) -> None:
        super().__init__(what)
        self.status = status
        self.body = ErrorBody(what=what, where=where, todo=todo, problems=list(problems))


def answer(refused: RefusedError) -> JSONResponse:
    """The error as a response, without any secret."""
    body = refused.body.model_dump()
    shown = {
        key: [SECRETS.redact(item) for item in value] if isinstance(value, list) else SECRETS.redact(value)
        for key, value in body.items()
    }
    return JSONResponse(shown, refused.status)
