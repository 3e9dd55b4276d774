"""User names and passwords in camera URLs, as people paste them: unescaped.

A password may hold any character, so where it ends is a guess that RFC 3986 can't make: it would cut
``rtsp://admin:a/b@10.0.0.5/live`` at the first slash. Here the host decides: the user part ends at the first
``@`` after which something follows that is plainly a host.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.%]+\]|[\w.-]+)(?P<port>:\d{1,5})?(?=[/?#]|$)")
_NUMERIC = re.compile(r"\[|\d+(\.\d+){3}(?=[:/?#]|$)")
_ESCAPED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")


def escaped_url(url: str) -> str:
    """``url`` with its user name and password percent-encoded, as FFmpeg wants them.

    What is already percent-encoded stays as it is: a name or password counts as encoded if each ``%`` in it
    begins an escape. Anything that isn't ``scheme://…`` comes back unchanged.
    """
    scheme, separator, rest = url.partition("://")
    user, address = split_user(rest)
    if not separator or user is None:
        return url
    name, colon, password = user.partition(":")
    return f"{scheme}://{_escaped(name)}{colon}{_escaped(password)}@{address}"


def split_user(rest: str) -> tuple[str | None, str]:
    """Part what follows ``://`` into the user part (None where there is none) and host, path and query.

    A host is plain if it has a dot, a port or brackets or is ``localhost``. One-word hosts count only where
    no plain one follows. A password that holds ``@`` and then what looks like a host must be percent-encoded.
    """
    starts = [at.end() for at in re.finditer("@", rest) if _HOST.match(rest, at.end())]
    if not starts or (_HOST.match(rest) and not _is_password_like_port(rest, starts)):
        return None, rest
    start = next((start for start in starts if _is_plain(_HOST.match(rest, start))), starts[0])
    return rest[: start - 1], rest[start:]


def host_of(url: str) -> str:
    """``host`` or ``host:port`` of a URL, to be shown: without user name and password.

    Where an ``@`` is left behind the host, what seems to be the host may be a piece of a password.
    """
    _, address = split_user(url.partition("://")[2])
    found = _HOST.match(address)
    return found.group() if found and "@" not in address else "the camera"


def _is_plain(found: re.Match[str] | None) -> bool:
    if found is None:
        return False
    name = found["name"]
    return found["port"] is not None or "." in name or name.startswith("[") or name == "localhost"


def _is_password_like_port(rest: str, starts: list[int]) -> bool:
    """``admin:12/34@10.0.0.5`` begins like ``host:port/path``; a numeric address after the ``@`` tells."""
    found = _HOST.match(rest)
    if found is None or found["port"] is None or "." in found["name"] or found["name"] == "localhost":
        return False
    return any(_NUMERIC.match(rest, start) for start in starts)


def _escaped(part: str) -> str:
    raw = unquote_to_bytes(part) if _ESCAPED.fullmatch(part) else part.encode()
    return quote(raw, safe="")
