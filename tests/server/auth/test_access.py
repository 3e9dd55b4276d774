"""Who is asking: sessions and tokens, how long they are good, how often a password may be tried."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.server.auth import access as module
from camwire.server.auth import passwords
from camwire.server.auth.access import (
    ANYONE,
    USED_EVERY,
    Access,
    Lifetime,
    TooManyTriesError,
    User,
    WrongLoginError,
)
from camwire.server.auth.credentials import Credentials, digest
from camwire.server.auth.database import AccountsFileError
from camwire.server.auth.store import AccountStore, Session
from camwire.server.auth.tries import FOR_ACCOUNT, FOR_ADDRESS

LIFETIME = Lifetime(idle=1000, longest=5000)
NOBODY = Credentials()
PASSWORD = "open sesame"


class Bench:
    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.store = AccountStore(None)
        self.access = Access(self.store, LIFETIME, clock=lambda: self.now)
        self.store.add_account("ann", "admin", f"hash of {PASSWORD}", self.now)
        self.store.add_account("bob", "viewer", f"hash of {PASSWORD}", self.now)

    async def login(
        self, name: str = "bob", password: str = PASSWORD, address: str = "192.0.2.1", previous=NOBODY
    ) -> Credentials:
        _, session = await self.access.login(name, password, address, previous)
        return Credentials(session=session)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Hashing has tests of its own; here it costs nothing."""
    monkeypatch.setattr(module, "matches", lambda password, known: known == f"hash of {password}")
    bench = Bench()
    yield bench
    bench.store.close()


def play(bench: Bench, test: Callable[[Bench], Awaitable[None]]) -> None:
    asyncio.run(test(bench))


@given(
    *(st.floats(0, 1e6) for _ in range(3)),
)
def test_a_session_is_good_until_it_is_too_old_or_unused_for_too_long(
    created: float, unused: float, now: float
) -> None:
    session = Session("ann", "admin", created, used=now - unused)
    near = abs(now - session.used - 1000) < 1e-3 or abs(now - created - 5000) < 1e-3
    assert near or LIFETIME.covers(session, now) is (unused < 1000 and now - created < 5000)


def test_without_accounts_everyone_is_admin_unless_logins_are_asked_for_anyway() -> None:
    store = AccountStore(None)
    assert Access(store, LIFETIME).user(NOBODY) == ANYONE
    assert not Access(store, LIFETIME).required()
    exposed = Access(store, LIFETIME, always_required=True)
    assert exposed.required()
    assert exposed.user(NOBODY) is None
    assert exposed.user(Credentials(session="x")) is None
    store.close()


def test_a_login_is_good_for_as_long_as_it_is_used(bench: Bench) -> None:
    async def test(bench: Bench) -> None:
        session = await bench.login()
        assert bench.access.user(session) == User("bob", "viewer", "session")
        bench.now += LIFETIME.idle - 1
        await bench.access.keep(session)
        bench.now += LIFETIME.idle - 1
        assert bench.access.user(session) is not None
        bench.now += 1
        assert bench.access.user(session) is None
        session = await bench.login()
        began = bench.now
        while bench.now - began < LIFETIME.longest - 900:
            bench.now += 900
            assert bench.access.user(session) is not None
            await bench.access.keep(session)
        bench.now = began + LIFETIME.longest
        assert bench.access.user(session) is None
        await bench.access.keep(session)
        assert bench.access.user(session) is None

    play(bench, test)


def test_a_use_is_written_down_now_and_then_only(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(bench: Bench) -> None:
        session = await bench.login()
        written: list[float] = []
        monkeypatch.setattr(bench.store, "use_session", lambda _, now: written.append(now))
        for _ in range(10):
            bench.now += USED_EVERY / 10
            await bench.access.keep(session)
        assert written == [bench.now]
        bench.now -= 10_000
        await bench.access.keep(session)
        assert len(written) == 2, "a clock that was set back is followed"
        await bench.access.keep(NOBODY)
        await bench.access.keep(Credentials(session="made up"))
        await bench.access.keep(Credentials(token="t"))
        assert len(written) == 2

    play(bench, test)


def test_a_full_disk_keeps_nobody_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []

    def full(_: bytes, now: float) -> None:
        tries.append(now)
        raise AccountsFileError("database or disk is full")

    async def test(bench: Bench) -> None:
        session = await bench.login()
        monkeypatch.setattr(bench.store, "use_session", full)
        for _ in range(5):
            bench.now += USED_EVERY / 2
            await bench.access.keep(session)
            assert bench.access.user(session) is not None
        assert len(tries) == 2, "not with every request"

    play(bench, test)


def test_each_login_has_an_id_of_its_own_and_ends_the_one_before(bench: Bench) -> None:
    """An id that somebody else brought along (fixation) or saw before is good for nothing afterwards."""

    async def test(bench: Bench) -> None:
        planted = Credentials(session="chosen-by-an-attacker")
        first = await bench.login(previous=planted)
        assert bench.access.user(planted) is None
        assert first.session != planted.session
        second = await bench.login(previous=first)
        assert second.session != first.session
        assert bench.access.user(first) is None
        await bench.access.logout(second)
        assert bench.access.user(second) is None
        await bench.access.logout(second)
        await bench.access.logout(NOBODY)

    play(bench, test)


def test_a_session_ends_when_its_account_changes_and_its_role_is_the_present_one(bench: Bench) -> None:
    async def test(bench: Bench) -> None:
        session = await bench.login()
        bench.store.change_account("bob", role="operator")
        assert bench.access.user(session) is None
        session = await bench.login()
        assert bench.access.user(session) == User("bob", "operator", "session")
        bench.store.remove_account("bob")
        assert bench.access.user(session) is None

    play(bench, test)


def test_a_token_is_its_program_and_a_wrong_one_is_nobody_whatever_the_cookie(bench: Bench) -> None:
    bench.store.add_token("graf", "operator", digest("right"), 0)
    assert bench.access.user(Credentials(token="right")) == User("graf", "operator", "token")
    assert bench.access.user(Credentials(token="wrong")) is None
    assert bench.access.user(Credentials(token="")) is None


async def tried(bench: Bench, **login: str) -> str:
    try:
        await bench.login(**login)
    except WrongLoginError:
        return "wrong"
    except TooManyTriesError as error:
        return "too many" if error.wait >= 1 else "no time to wait"
    return "right"


def test_brute_force_is_limited_by_address(bench: Bench) -> None:
    async def test(bench: Bench) -> None:
        results = [await tried(bench, name=f"name{n}", password="guess") for n in range(40)]
        assert results == ["wrong"] * FOR_ADDRESS.tries + ["too many"] * (40 - FOR_ADDRESS.tries)
        assert await tried(bench) == "too many", "not even with the right password"
        assert await tried(bench, address="192.0.2.2") == "right", "others are not held up"

    play(bench, test)


def test_brute_force_is_limited_by_account(bench: Bench) -> None:
    async def test(bench: Bench) -> None:
        results = [await tried(bench, password="guess", address=f"192.0.2.{n}") for n in range(40)]
        assert results == ["wrong"] * FOR_ACCOUNT.tries + ["too many"] * (40 - FOR_ACCOUNT.tries)
        assert await tried(bench, name="ann", address="198.51.100.1") == "right"

    play(bench, test)


def test_names_that_do_not_exist_are_limited_like_those_that_do(bench: Bench) -> None:
    async def test(bench: Bench) -> None:
        known = [await tried(bench, name="bob", password="g", address=f"192.0.2.{n}") for n in range(12)]
        unknown = [
            await tried(bench, name="eve", password="g", address=f"192.0.2.{n}") for n in range(100, 112)
        ]
        assert known == unknown

    play(bench, test)


def test_many_at_once_are_no_way_around_it(bench: Bench) -> None:
    async def test(bench: Bench) -> None:
        results = await asyncio.gather(*(tried(bench, password="guess") for _ in range(50)))
        assert results.count("wrong") == FOR_ADDRESS.tries
        assert results.count("too many") == 40

    play(bench, test)


def test_passwords_are_checked_two_at_a_time_and_not_in_the_loop_s_thread(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    running, most, threads = [0], [0], set()
    lock = threading.Lock()

    def slow(password: str, known: str | None) -> bool:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            threads.add(threading.get_ident())
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return False

    monkeypatch.setattr(module, "matches", slow)

    async def test(bench: Bench) -> None:
        results = await asyncio.gather(
            *(tried(bench, name=f"n{n}", address=f"192.0.2.{n}") for n in range(30))
        )
        assert results.count("wrong") == module.WAITING
        assert results.count("too many") == 30 - module.WAITING

    play(bench, test)
    assert most[0] <= module.AT_ONCE
    assert threading.get_ident() not in threads


def test_a_right_login_gives_its_tries_back(bench: Bench) -> None:
    async def test(bench: Bench) -> None:
        assert {await tried(bench) for _ in range(50)} == {"right"}

    play(bench, test)


def test_logins_that_the_disk_has_no_room_for_cost_no_tries(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise AccountsFileError("accounts.db: database or disk is full")

    async def test(bench: Bench) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(AccountStore, "add_session", full)
            for _ in range(FOR_ADDRESS.tries + 1):
                with pytest.raises(AccountsFileError):
                    await bench.login()
        await bench.login()

    play(bench, test)


def test_real_hashes_work(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "matches", passwords.matches)
    bench.store.change_account("bob", password_hash=passwords.hashed(PASSWORD))

    async def test(bench: Bench) -> None:
        assert await tried(bench) == "right"
        assert await tried(bench, password="wrong one") == "wrong"
        assert await tried(bench, name="nobody") == "wrong"

    play(bench, test)
