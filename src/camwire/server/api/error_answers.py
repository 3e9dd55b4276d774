"""How requests are answered that end in an error: what the server's parts raise, explained."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from camwire.config import ConfigError
from camwire.config.editing import CannotEditError
from camwire.server.api.errors import RefusedError, answer
from camwire.server.asking import TooManyAtOnceError
from camwire.server.auth.database import AccountsFileError
from camwire.server.auth.store import AccountsError, UnknownNameError
from camwire.server.configuration import BrokenFileError, UnknownCameraError
from camwire.server.document import CannotWriteError
from camwire.server.rule_edits import ChangedMeanwhileError, NamedByRulesError, UnknownRuleError
from camwire.server.saver import CannotSaveError, NoFolderError


class Explanation(NamedTuple):
    """Of a kind of error; the fields are ``ErrorBody``'s."""

    status: HTTPStatus
    where: str
    todo: str
    what: str | None = None
    """None: what the error itself says."""


_NO_JSON = RefusedError(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "the body is not JSON, or nothing says that it is",
    where="body",
    todo="Send JSON in UTF-8, and `Content-Type: application/json` with it.",
)

LISTS_OF_NAMES = "GET /api/v1/accounts and GET /api/v1/tokens list those that there are."

EXPLANATIONS: dict[type[Exception], Explanation] = {
    ConfigError: Explanation(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        where="body",
        todo="Correct every problem and send it again; nothing was changed.",
        what="these settings can't be used",
    ),
    BrokenFileError: Explanation(
        HTTPStatus.CONFLICT,
        where="configuration",
        todo="Correct the file first; what ran before goes on.",
        what="the configuration's file has come to hold mistakes, so nothing can be changed in it",
    ),
    CannotEditError: Explanation(
        HTTPStatus.CONFLICT,
        where="configuration",
        todo="Change the file by hand; it is followed at once.",
    ),
    CannotWriteError: Explanation(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        where="configuration",
        todo="Let camwire's user write the file and its folder, and send it again.",
    ),
    NoFolderError: Explanation(
        HTTPStatus.CONFLICT,
        where="configuration",
        todo="Set saving.folder in the configuration's file; it is followed at once.",
        what="there is no folder to save pictures in",
    ),
    CannotSaveError: Explanation(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        where="saving.folder",
        todo="Make room, or let camwire's user write there.",
    ),
    UnknownCameraError: Explanation(
        HTTPStatus.NOT_FOUND,
        where="path",
        todo="GET /api/v1/cameras lists those that there are.",
        what="no camera has this id",
    ),
    UnknownRuleError: Explanation(
        HTTPStatus.NOT_FOUND,
        where="path",
        todo="GET /api/v1/rules lists those that there are.",
        what="no rule has this name",
    ),
    ChangedMeanwhileError: Explanation(
        HTTPStatus.PRECONDITION_FAILED,
        where="header If-Match",
        todo="GET /api/v1/rules says how they are now; send the change with that answer's ETag.",
        what="somebody else has changed the rules meanwhile",
    ),
    NamedByRulesError: Explanation(
        HTTPStatus.CONFLICT,
        where="rules",
        todo="Send ?rules=change to take the camera out of them; a rule left without any camera "
        "is removed. Or change the rules first.",
        what="rules name this camera",
    ),
    UnknownNameError: Explanation(HTTPStatus.NOT_FOUND, where="path", todo=LISTS_OF_NAMES),
    AccountsError: Explanation(HTTPStatus.CONFLICT, where="body", todo=LISTS_OF_NAMES),
    AccountsFileError: Explanation(
        HTTPStatus.SERVICE_UNAVAILABLE,
        where="server",
        todo="The server's log says why.",
        what="the accounts can't be read or written",
    ),
    TooManyAtOnceError: Explanation(
        HTTPStatus.TOO_MANY_REQUESTS,
        where="server",
        todo="Wait until one of them has been answered.",
    ),
}
"""What the server's parts raise. A kind that is not here has the explanation of the kind that it is of."""


def explained(error: Exception) -> RefusedError:
    """An error of ``EXPLANATIONS`` as an answer."""
    status, where, todo, what = next(
        EXPLANATIONS[kind] for kind in type(error).__mro__ if kind in EXPLANATIONS
    )
    return RefusedError(status, what or str(error), where=where, todo=todo, problems=_problems(error))


def _problems(error: Exception) -> list[str]:
    match error:
        case ConfigError():
            return [problem.message for problem in error.problems]
        case BrokenFileError():
            return [str(problem) for problem in error.problems]
        case NamedByRulesError():
            return list(error.rules)
        case _:
            return []


def add_error_answers(app: FastAPI) -> None:
    """Have every error under the API answered with an ErrorBody."""

    async def refused(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RefusedError)
        return answer(error)

    async def known(_: Request, error: Exception) -> JSONResponse:
        return answer(explained(error))

    async def wrong_request(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        whole_body = error.errors()[0]["loc"] == ("body",)
        if whole_body and "json" not in request.headers.get("content-type", ""):
            return answer(_NO_JSON)
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
        if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI, where it is no UTF-8 or too deep
            return answer(_NO_JSON)
        status = HTTPStatus(error.status_code)
        todo = "/api/v1/docs lists every path and its methods."
        response = answer(RefusedError(status, status.phrase, where="path", todo=todo))
        response.headers.update(error.headers or {})
        return response

    app.add_exception_handler(RefusedError, refused)
    for kind in EXPLANATIONS:
        app.add_exception_handler(kind, known)
    app.add_exception_handler(RequestValidationError, wrong_request)
    app.add_exception_handler(HTTPException, http_error)
