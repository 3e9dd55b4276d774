"""How often somebody may try: against a model that replays every try."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.server.auth.tries import Allowance, TryLimit, address_key


def test_tries_are_used_up_and_come_back_one_by_one() -> None:
    limit = TryLimit(Allowance(tries=3, seconds=10))
    for _ in range(3):
        assert limit.wait("a", 100) == 0
        limit.take("a", 100)
    assert limit.wait("a", 100) == 10
    assert limit.wait("b", 100) == 0
    assert limit.wait("a", 104) == 6
    assert limit.wait("a", 110) == 0
    limit.take("a", 110)
    assert limit.wait("a", 110) == 10
    assert limit.wait("a", 1000) == 0


def test_a_right_password_costs_no_try_and_clears_the_account() -> None:
    limit = TryLimit(Allowance(tries=2, seconds=10))
    limit.take("a", 0)
    for _ in range(5):
        limit.take("a", 0)
        limit.give_back("a")
    assert limit.wait("a", 0) == 0
    limit.take("a", 0)
    assert limit.wait("a", 0) > 0
    limit.clear("a")
    assert limit.wait("a", 0) == 0


@given(st.lists(st.floats(0, 60), min_size=1, max_size=200))
def test_however_they_come_no_more_pass_than_the_allowance(gaps: list[float]) -> None:
    allowance = Allowance(tries=5, seconds=7)
    limit = TryLimit(allowance)
    passed: list[float] = []
    now = 0.0
    for gap in gaps:
        now += gap
        if limit.wait("a", now) == 0:
            limit.take("a", now)
            passed.append(now)
    for first, begin in enumerate(passed):
        for last, end in enumerate(passed[first:], start=1):
            assert last <= allowance.tries + (end - begin) / allowance.seconds + 1e-6


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 100)), max_size=200))
def test_memory_is_bounded_and_whoever_waits_is_remembered(tries: list[tuple[int, float]]) -> None:
    limit = TryLimit(Allowance(tries=2, seconds=1000), largest=10)
    for _ in range(4):
        limit.take("attacker", 0)
    for key, at in tries:
        limit.take(str(key), at)
        if limit.wait(str(key), at):
            limit.clear(str(key))
        assert len(limit._full_at) <= 10
    assert limit.wait("attacker", 100) > 0


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix", "unix"),
    ],
)
def test_what_counts_as_one_address(address: str, key: str) -> None:
    assert address_key(address) == key
