"""Whom the server has sent away since it started, by cause; for monitoring."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


def _from_zero(*causes: str) -> Counter[str]:
    """A cause that hasn't come up is told, too: as 0."""
    return Counter(dict.fromkeys(causes, 0))


@dataclass(frozen=True, slots=True)
class Refusals:
    """Counted where it is decided, read by `/metrics`."""

    logins: Counter[str] = field(default_factory=lambda: _from_zero("wrong", "too_many"))
    """Names with passwords that were wrong; tries beyond what is allowed, which aren't looked at."""
    requests: Counter[str] = field(default_factory=lambda: _from_zero("host", "login", "role", "accounts"))
    """By what the gate found amiss; `accounts`: their file couldn't be read."""
    connections: Counter[str] = field(
        default_factory=lambda: _from_zero(
            "too_many", "address", "slow_headers", "large_headers", "slow_body", "takes_nothing"
        )
    )
    """`address`: too many from this one."""
