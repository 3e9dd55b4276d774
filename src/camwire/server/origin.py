"""Which pages may act on this server, and by which names it is called."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

LOCAL_NAMES = frozenset({"localhost"})
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/?#@\[\]]+))(?::\d{0,5})?")


def same_origin(origin: str | None, host: str | None, *, tls: bool = False) -> bool:
    """Whether a page from ``origin`` may act on ``host``; programs send no origin, our page its own.

    Under TLS a page that came in the clear may not: anyone between could have written it.
    """
    if origin is None:
        return True
    try:
        page = urlsplit(origin)
    except ValueError:
        return False
    trusted = ("https",) if tls else ("http", "https")
    return page.scheme in trusted and host is not None and page.netloc.lower() == host.lower()


def host_name(host: str) -> str | None:
    """The name or address in a Host header, in lower case and without port; None where it is none."""
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]).lower().removesuffix(".") if match else None


def is_loopback(host: str) -> bool:
    """Whether this is a name or address by which a machine reaches none but itself."""
    name = host.lower()
    if name in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


class Names:
    """The names under which the server answers: any other may be a page's that had its name point here.

    On a loopback address, ``localhost`` and loopback addresses; else any address, since nobody can have an
    address point elsewhere, and the machine's own names; and always those that the configuration gives.
    """

    def __init__(self, bound_to: str, configured: Iterable[str], machine: str | None = None) -> None:
        """``machine``: this machine's name, asked of the system where it is None."""
        self._any_address = not is_loopback(bound_to)
        names = {name.lower().removesuffix(".") for name in configured}
        if self._any_address:
            own = (machine if machine is not None else socket.gethostname()).lower()
            names |= {own, f"{own.partition('.')[0]}.local", bound_to.lower()}
        self._names = names - {""}

    def knows(self, host: str | None) -> bool:
        """``host``: the Host header; browsers always send one, and only they can be led astray."""
        if host is None:
            return True
        name = host_name(host)
        if name is None:
            return False
        return is_loopback(name) or name in self._names or (self._any_address and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
