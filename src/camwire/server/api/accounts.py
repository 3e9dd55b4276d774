"""Accounts of people and tokens of programs."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from camwire.server.api.errors import RefusedError
from camwire.server.api.services import Services
from camwire.server.auth.credentials import digest, new_token
from camwire.server.auth.passwords import LONGEST, SHORTEST, hashed
from camwire.server.auth.roles import Role
from camwire.server.auth.store import NAME, Account, Token

Name = Annotated[str, Field(pattern=f"^{NAME.pattern}$", description="1 to 64 letters, digits and . @ + - _")]
Password = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
NameInPath = Annotated[str, Path(description="The name.")]


class KnownAccount(BaseModel):
    """An account of a person."""

    name: str
    role: Role
    created: float = Field(description="UTC, seconds since 1970.")


class NewAccount(BaseModel):
    name: Name
    password: Password
    role: Role


class AccountChange(BaseModel):
    """What is left out stays."""

    password: Password | None = None
    role: Role | None = None


class KnownToken(BaseModel):
    """A program's login, without its text."""

    name: str
    role: Role
    created: float = Field(description="UTC, seconds since 1970.")


class NewToken(BaseModel):
    name: Name
    role: Role


class MadeToken(KnownToken):
    token: str = Field(description="Shown this once; kept nowhere.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["accounts"])
    store = services.security.access.store

    def account(name: str) -> KnownAccount:
        return next(_shown(known) for known in store.accounts() if known.name == name)

    @router.get("/accounts")
    async def accounts() -> list[KnownAccount]:
        """All accounts."""
        return [_shown(known) for known in store.accounts()]

    @router.post("/accounts", status_code=HTTPStatus.CREATED)
    async def add_account(given: NewAccount) -> KnownAccount:
        """Add an account. With the first one, an admin, the server begins to ask for logins."""

        def add() -> None:
            store.add_account(given.name, given.role, hashed(given.password), time.time())

        await asyncio.to_thread(add)
        return account(given.name)

    @router.patch("/accounts/{name}")
    async def change_account(name: NameInPath, given: AccountChange) -> KnownAccount:
        """Set another password or role. The account's sessions end."""

        def change() -> None:
            password = hashed(given.password) if given.password is not None else None
            store.change_account(name, role=given.role, password_hash=password)

        await asyncio.to_thread(change)
        return account(name)

    @router.delete("/accounts/{name}", status_code=HTTPStatus.NO_CONTENT)
    async def remove_account(name: NameInPath) -> None:
        """Remove an account. Its sessions end."""
        await asyncio.to_thread(store.remove_account, name)

    @router.get("/tokens")
    async def tokens() -> list[KnownToken]:
        """All tokens, without their texts."""
        return [_shown_token(known) for known in store.tokens()]

    @router.post("/tokens", status_code=HTTPStatus.CREATED)
    async def add_token(given: NewToken) -> MadeToken:
        """Make a token for a program. Its text is in this answer and nowhere else."""
        if not store.any_accounts():
            raise RefusedError(
                HTTPStatus.CONFLICT,
                "tokens mean nothing while the server asks for no accounts",
                where="server",
                todo="Add an account first.",
            )
        text, now = new_token(), time.time()
        await asyncio.to_thread(store.add_token, given.name, given.role, digest(text), now)
        return MadeToken(name=given.name, role=given.role, created=now, token=text)

    @router.delete("/tokens/{name}", status_code=HTTPStatus.NO_CONTENT)
    async def remove_token(name: NameInPath) -> None:
        """Remove a token. Programs that use it are refused from then on."""
        await asyncio.to_thread(store.remove_token, name)

    return router


def _shown(account: Account) -> KnownAccount:
    return KnownAccount(name=account.name, role=account.role, created=account.created)


def _shown_token(token: Token) -> KnownToken:
    return KnownToken(name=token.name, role=token.role, created=token.created)
