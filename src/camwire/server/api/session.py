"""Logging in and out, for pages; programs send a token with each request instead."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from camwire.server.api.errors import RefusedError, answer
from camwire.server.api.services import Services
from camwire.server.auth.access import TooManyTriesError, User, WrongLoginError, caller_of
from camwire.server.auth.credentials import cookie_name
from camwire.server.auth.passwords import LONGEST
from camwire.server.auth.roles import Role


class SessionAccount(BaseModel):
    name: str = Field(description="Empty where no accounts are asked for.")
    role: Role


class SessionState(BaseModel):
    """Whether to log in, and as whom one is."""

    required: bool = Field(description="Whether the server asks for accounts.")
    account: SessionAccount | None = Field(description="Null: log in first.")


class Login(BaseModel):
    name: str = Field(max_length=64)
    password: str = Field(max_length=LONGEST)


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/session", tags=["session"])
    access = services.security.access

    def state(user: User | None) -> SessionState:
        account = SessionAccount(name=user.name, role=user.role) if user is not None else None
        return SessionState(required=access.required(), account=account)

    @router.get("")
    async def session(request: Request) -> SessionState:
        """Who is logged in. Needs no login."""
        return state(caller_of(request.scope).user())

    @router.post("", response_model=SessionState)
    async def login(request: Request, given: Login) -> Response:
        """Begin a session: the answer sets its cookie. 429 after too many tries."""
        tls = request.url.is_secure
        try:
            user, session_id = await access.login(
                given.name,
                given.password,
                request.client.host if request.client else "",
                caller_of(request.scope).credentials,
            )
        except WrongLoginError:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED,
                "no account has this name and password",
                where="body",
                todo="Try again, or have an admin set a new password.",
            ) from None
        except TooManyTriesError as error:
            refused = answer(_too_many(error))
            refused.headers["Retry-After"] = str(error.wait)
            return refused
        response = Response(state(user).model_dump_json(), media_type="application/json")
        response.set_cookie(
            cookie_name(tls=tls),
            session_id,
            max_age=round(access.lifetime.longest),
            path="/",
            secure=tls,
            httponly=True,
            samesite="strict",
        )
        return response

    @router.delete("", status_code=HTTPStatus.NO_CONTENT)
    async def logout(request: Request) -> Response:
        """End the session."""
        await access.logout(caller_of(request.scope).credentials)
        tls = request.url.is_secure
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        response.delete_cookie(cookie_name(tls=tls), path="/", secure=tls, httponly=True, samesite="strict")
        return response

    return router


def _too_many(error: TooManyTriesError) -> RefusedError:
    return RefusedError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too many tries to log in",
        where="body",
        todo=f"Wait {error.wait} seconds.",
    )
