"""Who is asking: from the credentials of a request to a user, and from a name and a password to a session."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from camwire.config.server import ServerConfig
from camwire.server.auth.credentials import Credentials, digest, new_session_id
from camwire.server.auth.database import AccountsFileError
from camwire.server.auth.passwords import matches
from camwire.server.auth.refusals import Refusals
from camwire.server.auth.roles import Role, includes
from camwire.server.auth.store import AccountStore, Session
from camwire.server.auth.tries import FOR_ACCOUNT, FOR_ADDRESS, TryLimit, address_key

AT_ONCE = 2
"""Passwords that are checked at the same time; each takes 64 MiB."""
WAITING = 16
"""Logins that wait for their turn at most."""
BUSY_WAIT = 5.0
"""Seconds after which to try again when there are more."""
USED_EVERY = 60.0
"""Seconds between two notes that a session is in use."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class User:
    """Whoever a request comes from."""

    name: str
    role: Role
    by: Literal["nothing", "session", "token"]


ANYONE = User("", "admin", "nothing")
"""Where the server asks for no accounts."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session is good, in seconds."""

    idle: float
    longest: float

    def covers(self, session: Session, now: float) -> bool:
        """Neither too old nor unused for too long. A clock that was set back ends none."""
        return now - session.used < self.idle and now - session.created < self.longest


class WrongLoginError(Exception):
    """No account has this name and password; which of them is wrong isn't told."""


class TooManyTriesError(Exception):
    """``wait``: whole seconds after which to try again."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"too many tries; wait {math.ceil(wait)} s")
        self.wait = math.ceil(wait)


class Access:
    """``always_required``: logins are asked for even while there is no account that could."""

    def __init__(
        self,
        store: AccountStore,
        lifetime: Lifetime,
        *,
        always_required: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.lifetime = lifetime
        self.refusals = Refusals()
        self._always_required = always_required
        self._clock = clock
        self._addresses = TryLimit(FOR_ADDRESS)
        self._accounts = TryLimit(FOR_ACCOUNT)
        self._checking = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._failed = -math.inf

    def required(self) -> bool:
        """Whether anyone has to log in. Raises AccountsFileError, as all others here."""
        return self._always_required or self.store.any_accounts()

    def user(self, credentials: Credentials) -> User | None:
        """Who that is; None for nobody who is known. Microseconds."""
        if credentials.token is not None:
            token = self.store.token(digest(credentials.token))
            if token is not None:
                return User(token.name, token.role, "token")
        elif credentials.session is not None:
            session = self._session(credentials.session)
            if session is not None:
                return User(session.account, session.role, "session")
        return None if self.required() else ANYONE

    async def keep(self, credentials: Credentials) -> None:
        """Note that a session is in use, now and then."""
        if credentials.session is None:
            return
        session = self._session(credentials.session)
        now = self._clock()
        if session is None or 0 <= now - session.used < USED_EVERY or 0 <= now - self._failed < USED_EVERY:
            return
        try:
            await asyncio.to_thread(self.store.use_session, digest(credentials.session), now)
        except AccountsFileError as error:
            # Nobody is to be kept out by a full disk.
            self._failed = now
            log.warning("that a login is in use can't be noted; it may end early", problem=str(error))

    async def login(self, name: str, password: str, address: str, previous: Credentials) -> tuple[User, str]:
        """The user and a new session's id; the session that the request came with ends.

        Raises WrongLoginError and TooManyTriesError; where the accounts can't be used that costs no try.
        """
        now = time.monotonic()
        keys = ((self._addresses, address_key(address)), (self._accounts, name))
        wait = max(limit.wait(key, now) for limit, key in keys)
        if wait > 0:
            log.warning("login refused: too many tries", address=address)
            self.refusals.logins["too_many"] += 1
            raise TooManyTriesError(wait)
        if self._waiting >= WAITING:
            self.refusals.logins["too_many"] += 1
            raise TooManyTriesError(BUSY_WAIT)
        for limit, key in keys:
            limit.take(key, now)
        self._waiting += 1
        try:
            async with self._checking:
                user, session = await asyncio.to_thread(self._begin_session, name, password)
        except WrongLoginError:
            # What was given as a name may be a password.
            log.warning("login failed", address=address)
            self.refusals.logins["wrong"] += 1
            raise
        except AccountsFileError:
            for limit, key in keys:
                limit.give_back(key)
            raise
        finally:
            self._waiting -= 1
        self._addresses.give_back(address_key(address))
        self._accounts.clear(name)
        await self.logout(previous)
        log.info("login", account=user.name, address=address)
        return user, session

    async def logout(self, credentials: Credentials) -> None:
        """End the session, if it is one."""
        if credentials.session is not None and self._session(credentials.session) is not None:
            await asyncio.to_thread(self.store.remove_session, digest(credentials.session))

    def _session(self, session_id: str) -> Session | None:
        session = self.store.session(digest(session_id))
        return session if session is not None and self.lifetime.covers(session, self._clock()) else None

    def _begin_session(self, name: str, password: str) -> tuple[User, str]:
        known = self.store.password_hash(name)
        role = self.store.role_of(name)
        if not matches(password, known) or known is None or role is None:
            raise WrongLoginError
        session, now = new_session_id(), self._clock()
        oldest = now - self.lifetime.longest
        if not self.store.add_session(digest(session), name, known, now, oldest):
            raise WrongLoginError
        return User(name, role, "session"), session


def lifetime_of(server: ServerConfig) -> Lifetime:
    return Lifetime(server.session_idle_hours * 3600, server.session_max_days * 86_400)


CALLER = "camwire.caller"
"""Where in an ASGI scope the gate puts who it has let in."""


class Caller:
    """Who is at the other end of a connection. Asked again each time: accounts change meanwhile."""

    def __init__(self, access: Access, credentials: Credentials) -> None:
        self.credentials = credentials
        self._access = access

    def user(self) -> User | None:
        """None where nobody is logged in, or not any more. Raises AccountsFileError."""
        return self._access.user(self.credentials)

    def may(self, needed: Role) -> bool:
        user = self.user()
        return user is not None and includes(user.role, needed)

    async def keep(self) -> None:
        """Note that the session is in use."""
        await self._access.keep(self.credentials)


def caller_of(scope: MutableMapping[str, Any]) -> Caller:
    """Who the gate has let in with this ASGI scope."""
    caller = scope[CALLER]
    assert isinstance(caller, Caller)
    return caller
