"""How often somebody may try to log in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

LARGEST = 10_000
"""Keys that are remembered; beyond it the one with the most tries left goes."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many tries at once, and one more every so many seconds."""

    tries: int
    seconds: float


FOR_ADDRESS = Allowance(tries=10, seconds=30.0)
FOR_ACCOUNT = Allowance(tries=10, seconds=30.0)


class TryLimit:
    """A bucket of tries for each key. Tries are taken before a password is checked and given back when it was
    right, so that many at once are no way around it. ``now``: any clock that only goes forward, in seconds.
    """

    def __init__(self, allowance: Allowance, largest: int = LARGEST) -> None:
        self._allowance = allowance
        self._largest = largest
        self._full_at: dict[str, float] = {}
        """When the bucket will be full again; absent: it is."""

    def wait(self, key: str, now: float) -> float:
        """Seconds until the key has a try; 0 where it has one."""
        earliest = self._full_at.get(key, now) - (self._allowance.tries - 1) * self._allowance.seconds
        return max(0.0, earliest - now)

    def take(self, key: str, now: float) -> None:
        """Use a try."""
        self._full_at[key] = max(self._full_at.get(key, now), now) + self._allowance.seconds
        if len(self._full_at) > self._largest:
            self._forget(now)

    def give_back(self, key: str) -> None:
        """The try was a right one."""
        if key in self._full_at:
            self._full_at[key] -= self._allowance.seconds

    def clear(self, key: str) -> None:
        """All tries are there again."""
        self._full_at.pop(key, None)

    def _forget(self, now: float) -> None:
        self._full_at = {key: full for key, full in self._full_at.items() if full > now}
        while len(self._full_at) > self._largest:
            del self._full_at[min(self._full_at, key=self._full_at.__getitem__)]


def address_key(address: str) -> str:
    """What counts as one address: of IPv6 the first 64 bits, which one customer has to themselves."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)
