"""Passwords: what matches, what doesn't, and what is done for names that don't exist."""

from __future__ import annotations

import pytest

from camwire.server.auth import passwords
from camwire.server.auth.passwords import LONGEST, UnfitPasswordError, hashed, matches


def test_a_password_matches_its_hash_alone() -> None:
    known = hashed("correct horse \u00e9")
    assert known.startswith("$argon2id$")
    assert "horse" not in known
    assert matches("correct horse é", known)
    assert matches("correct horse e\u0301", known), "composed otherwise, it looks the same"
    assert not matches("correct horse e", known)
    assert not matches("", known)
    assert not matches("x" * 10_000_000, known)
    assert hashed("correct horse é") != known


def test_a_damaged_hash_and_no_account_match_nothing() -> None:
    assert not matches("password", "")
    assert not matches("password", "$argon2id$broken")
    assert not matches("password", None)
    assert not matches("what nobody's password is compared with", None)


def test_no_account_takes_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    real = passwords._hasher

    class Counting:
        def verify(self, known: str, password: bytes) -> bool:
            done.append(known.rpartition("$")[0].rpartition("$")[0])  # kind, version and costs
            return real.verify(known, password)

        hash = real.hash

    known = hashed("long enough")
    monkeypatch.setattr(passwords, "_hasher", Counting())
    matches("wrong password", known)
    matches("wrong password", None)
    assert len(done) == 2
    assert done[0] == done[1]


@pytest.mark.parametrize("password", ["", "short", "x" * (LONGEST + 1)])
def test_unfit_passwords_are_refused_without_being_shown(password: str) -> None:
    with pytest.raises(UnfitPasswordError) as caught:
        hashed(password)
    assert not password or password not in str(caught.value)
