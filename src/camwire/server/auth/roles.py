"""What each role may do: one decision for every path and method, and nothing is open by being forgotten."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, get_args

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})

_OPEN_TO_READ = frozenset({"/healthz", "/readyz"})
_SESSION = "/api/v1/session"
_FOR_ADMINS = re.compile(r"/api/v1/(accounts|tokens)(/.*)?", re.DOTALL)
_FOR_OPERATORS = (
    ("POST", re.compile(r"/api/v1/cameras/.+/(enable|disable|save|clip)", re.DOTALL)),
    ("PATCH", re.compile(r"/api/v1/toggles")),
    ("DELETE", re.compile(r"/api/v1/statistics")),
    ("POST|PUT|PATCH|DELETE", re.compile(r"/api/v1/rules(/.*)?", re.DOTALL)),
)


def includes(role: Role, needed: Role) -> bool:
    """Whether ``role`` may do what ``needed`` is asked for."""
    return ROLES.index(role) >= ROLES.index(needed)


def needed_role(method: str, path: str, viewer_files: Collection[str] = ()) -> Role | None:
    """The least role for a request; None where nobody has to log in.

    ``path`` is percent-decoded, as the router matches it. ``viewer_files`` are the paths of the page itself,
    which has to load before anyone can log in. What is not known here needs a login to read and an admin to
    change.
    """
    if path == _SESSION:
        return None
    if _FOR_ADMINS.fullmatch(path):
        return "admin"
    if method in READING:
        return None if path in _OPEN_TO_READ or path in viewer_files else "viewer"
    for methods, pattern in _FOR_OPERATORS:
        if method in methods.split("|") and pattern.fullmatch(path):
            return "operator"
    return "admin"
