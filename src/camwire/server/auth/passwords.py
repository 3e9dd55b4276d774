"""Passwords: hashed with argon2id, and checked in the same time whether or not there is such an account."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 8
"""Characters."""
LONGEST = 1024

_hasher = PasswordHasher()
"""RFC 9106's second recommended option: 64 MiB, three passes, four lanes."""


class UnfitPasswordError(ValueError):
    """A password that no account may have; the message says why, not what."""


def hashed(password: str) -> str:
    """Takes some tens of milliseconds: not for the event loop's thread. Raises UnfitPasswordError."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UnfitPasswordError(f"a password has {SHORTEST} to {LONGEST} characters")
    return _hasher.hash(_encoded(password))


def matches(password: str, known: str | None) -> bool:
    """Whether ``password`` is that of the hash ``known``. None, no such account, is False as slowly."""
    nobody_s = _nobody_s(_hasher)
    try:
        right = _hasher.verify(known or nobody_s, _encoded(password[: LONGEST + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return right and known is not None


@cache
def _nobody_s(hasher: PasswordHasher) -> str:
    return hasher.hash("what nobody's password is compared with")


def _encoded(password: str) -> bytes:
    """Keyboards differ in how they compose letters; what looks the same is the same."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
