"""What goes wrong, as programs and people get it: what, where, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from camwire.config import ConfigError
from camwire.config.editing import CannotEditError
from camwire.config.secrets import SECRETS
from camwire.server.asking import TooManyAtOnceError
from camwire.server.auth.database import AccountsFileError
from camwire.server.auth.store import AccountsError, UnknownNameError
from camwire.server.configuration import BrokenFileError, UnknownCameraError
from camwire.server.document import CannotWriteError
from camwire.server.rule_edits import ChangedMeanwhileError, NamedByRulesError, UnknownRuleError
from camwire.server.saver import CannotSaveError, NoFolderError


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


def explained(error: Exception) -> RefusedError:
    """What the server's parts raise, as an answer."""
    match error:
        case RefusedError():
            return error
        case ConfigError():
            return RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "these settings can't be used",
                where="body",
                todo="Correct every problem and send it again; nothing was changed.",
                problems=[problem.message for problem in error.problems],
            )
        case BrokenFileError():
            return RefusedError(
                HTTPStatus.CONFLICT,
                "the configuration's file has come to hold mistakes, so nothing can be changed in it",
                where="configuration",
                todo="Correct the file first; what ran before goes on.",
                problems=[str(problem) for problem in error.problems],
            )
        case CannotEditError():
            return RefusedError(
                HTTPStatus.CONFLICT,
                str(error),
                where="configuration",
                todo="Change the file by hand; it is followed at once.",
            )
        case CannotWriteError():
            return RefusedError(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                str(error),
                where="configuration",
                todo="Let camwire's user write the file and its folder, and send it again.",
            )
        case NoFolderError():
            return RefusedError(
                HTTPStatus.CONFLICT,
                "there is no folder to save pictures in",
                where="configuration",
                todo="Set saving.folder in the configuration's file; it is followed at once.",
            )
        case CannotSaveError():
            return RefusedError(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                str(error),
                where="saving.folder",
                todo="Make room, or let camwire's user write there.",
            )
        case UnknownCameraError():
            return RefusedError(
                HTTPStatus.NOT_FOUND,
                "no camera has this id",
                where="path",
                todo="GET /api/v1/cameras lists those that there are.",
            )
        case UnknownRuleError():
            return RefusedError(
                HTTPStatus.NOT_FOUND,
                "no rule has this name",
                where="path",
                todo="GET /api/v1/rules lists those that there are.",
            )
        case ChangedMeanwhileError():
            return RefusedError(
                HTTPStatus.PRECONDITION_FAILED,
                "somebody else has changed the rules meanwhile",
                where="header If-Match",
                todo="GET /api/v1/rules says how they are now; send the change with that answer's ETag.",
            )
        case NamedByRulesError():
            return RefusedError(
                HTTPStatus.CONFLICT,
                "rules name this camera",
                where="rules",
                todo="Send ?rules=change to take the camera out of them; a rule left without any camera "
                "is removed. Or change the rules first.",
                problems=list(error.rules),
            )
        case AccountsError():
            unknown = isinstance(error, UnknownNameError)
            return RefusedError(
                HTTPStatus.NOT_FOUND if unknown else HTTPStatus.CONFLICT,
                str(error),
                where="path" if unknown else "body",
                todo="GET /api/v1/accounts and GET /api/v1/tokens list those that there are.",
            )
        case AccountsFileError():
            return RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the accounts can't be read or written",
                where="server",
                todo="The server's log says why.",
            )
        case TooManyAtOnceError():
            return RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS,
                str(error),
                where="server",
                todo="Wait until one of them has been answered.",
            )
        case _:
            raise error


def add_error_answers(app: FastAPI) -> None:
    """Have every error under the API answered with an ErrorBody."""

    async def known(_: Request, error: Exception) -> JSONResponse:
        return answer(explained(error))

    for kind in (
        *(RefusedError, ConfigError, BrokenFileError, CannotEditError, CannotWriteError),
        *(UnknownCameraError, TooManyAtOnceError, NoFolderError, CannotSaveError),
        *(AccountsError, AccountsFileError),
        *(UnknownRuleError, NamedByRulesError, ChangedMeanwhileError),
    ):
        app.add_exception_handler(kind, known)

    async def wrong_request(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # Never with the input: it may be a secret.
        problems = [f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors()]
        return answer(
            RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "the request is not what it should be",
                where=str(error.errors()[0]["loc"][0]),
                todo="Correct every problem; /api/v1/docs describes each request.",
                problems=problems,
            )
        )

    async def http_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        status = HTTPStatus(error.status_code)
        refused = RefusedError(
            status, status.phrase, where="path", todo="/api/v1/docs lists every path and its methods."
        )
        response = answer(refused)
        response.headers.update(error.headers or {})
        return response

    app.add_exception_handler(RequestValidationError, wrong_request)
    app.add_exception_handler(HTTPException, http_error)
