"""Camera URLs carry passwords: this is what opens cameras with them and keeps them out of everything shown.

Three means, each wider than the last: :class:`SecretUrl` shows only its redacted form; :func:`redact` masks
what looks like a secret in any text; a :class:`SecretRegistry` masks the very secrets it was told of, however
they are spelled.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

MASK = "***"

SHORTEST_SEARCHED = 3
"""Characters. A shorter secret stands in nearly every line, so it is masked inside URLs only."""

# Begins only where a word begins, so that long text without blanks is read once.
_USER_INFO = re.compile(r"(?<!\S)([^\s:]*+:(?://)?)\S*@")
_PARAMETER = re.compile(
    r"([?&;/_][\w.-]{0,40}?(?:pass|pwd|psw|token|key|secret|auth|sig|cred)[\w.-]{0,40}=)([^&\s\"'<>]+)",
    re.IGNORECASE,
)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s/?#@:\[\]]+)(:\d{1,5})?(?=[/?#]|$)")
_ADDRESS = re.compile(r"\[.*\]|\d+(\.\d+){3}")
_NOTHING = r"(?!)"
_ESCAPE_OR_PLAIN = re.compile(r"(?:%[0-9A-Fa-f]{2}|[^%])*")


def redact(text: str) -> str:
    """``text`` with ``***`` for user names and passwords in URLs and for secrets among URLs' parameters.

    Rather too much is masked than too little: all from a word's first colon to its last ``@``.
    """
    text = _USER_INFO.sub(rf"\1{MASK}@", text)
    return _PARAMETER.sub(rf"\1{MASK}", text)


def encoded(credential: str) -> str:
    """A user name or password as it stands in a URL; one that is percent-encoded already stays as it is.

    A ``%`` that does not begin an escape shows that the text is not encoded.
    """
    is_encoded = "%" in credential and _ESCAPE_OR_PLAIN.fullmatch(credential) is not None
    return quote(unquote(credential) if is_encoded else credential, safe=":")


class _Parts(NamedTuple):
    scheme: str
    user_info: str
    rest: str
    """Host, port, path and parameters."""


def _split(url: str) -> _Parts:
    """Find the user name and password even where they hold ``@ / : % # ?`` unencoded.

    The host begins behind the first ``@`` that is followed by what is surely a host (an address, a dotted
    name, or a port), or else behind the first that is followed by what may be one.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return _Parts("", "", url)
    possible: list[tuple[bool, int]] = []
    for at in (match.start() for match in re.finditer("@", rest)):
        host = _HOST.match(rest, at + 1)
        if host is not None and _may_be_user_info(rest[:at], host[1]):
            name, port = host.groups()
            sure = bool(port) or name[0] == "[" or "." in name or name == "localhost"
            possible.append((not sure, at))
    if not possible:
        return _Parts(scheme, "", rest)
    _, at = min(possible)
    return _Parts(scheme, rest[:at], rest[at + 1 :])


def _may_be_user_info(text: str, host: str) -> bool:
    """Whether ``text`` before an ``@`` is user info; with a slash in it, it may be another host and its path.

    ``admin:pa/ss`` is user info. ``name:554/path`` isn't, unless an address stands behind the ``@``.
    """
    first = re.split("[/?#]", text, maxsplit=1)[0]
    if first == text:
        return True
    name, colon, after = first.partition(":")
    if not after.isdigit():
        return bool(colon)
    return "." not in name and _ADDRESS.fullmatch(host) is not None


class SecretUrl:
    """A URL or a file's path whose user name and password show only when asked for with :meth:`reveal`.

    ``str``, ``repr``, formatting and JSON all give the redacted form.
    """

    __slots__ = ("_parts", "_url")

    def __init__(self, url: str) -> None:
        self._url = url
        self._parts = _split(url)

    def reveal(self) -> str:
        """The URL for opening it, never for showing it: with its password, percent-encoded."""
        scheme, user_info, rest = self._parts
        if not scheme:
            return self._url
        return f"{scheme}://{encoded(user_info)}@{rest}" if user_info else f"{scheme}://{rest}"

    @property
    def redacted(self) -> str:
        """The URL with ``***`` for all between ``//`` and its last ``@``, and for secret parameters."""
        scheme, separator, rest = self._url.partition("://")
        if not separator:
            before, at, after = self._url.rpartition("@")
            return f"{MASK}@{after}" if at and ":" in before else redact(self._url)
        _, at, shown = rest.rpartition("@")
        shown = _PARAMETER.sub(rf"\1{MASK}", shown)
        return f"{scheme}://{MASK}@{shown}" if at else f"{scheme}://{shown}"

    @property
    def is_masked(self) -> bool:
        """Whether ``***`` stands where there was a secret: it is not the URL, but what was shown of it."""
        user, _, _ = self._parts.user_info.partition(":")
        return MASK in self.secrets() | {user}

    @property
    def scheme(self) -> str:
        """Lower case; empty for a file's path."""
        return self._parts.scheme.lower()

    @property
    def host(self) -> str:
        """Host and port as they stand in the URL; empty for a file's path."""
        return re.split("[/?#]", self._parts.rest, maxsplit=1)[0] if self._parts.scheme else ""

    @property
    def place(self) -> str:
        """Host and port for people.

        Where an ``@`` is left behind it, what seems to be the host may be a piece of a password; then, and
        where it is no host, this is ``the camera``.
        """
        is_host = "@" not in self._parts.rest and _HOST.fullmatch(self.host) is not None
        return self.host if is_host else "the camera"

    def secrets(self) -> frozenset[str]:
        """What must not be shown: the user info, the password, and the values of secret parameters."""
        found = {value for _, value in _PARAMETER.findall(self._url)}
        # Where it isn't sure which @ ends the user info, the longest reading counts too.
        longest, _, _ = self._url.partition("://")[2].rpartition("@")
        for user_info in (self._parts.user_info, longest):
            _, _, password = user_info.partition(":")
            found |= {user_info, password}
        return frozenset(found - {""})

    def __str__(self) -> str:
        return self.redacted

    def __repr__(self) -> str:
        return f"SecretUrl({self.redacted!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretUrl) and other._url == self._url

    def __hash__(self) -> int:
        return hash(self._url)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}

    @classmethod
    def _validated(cls, value: object) -> SecretUrl:
        if isinstance(value, SecretUrl):
            return value
        if not isinstance(value, str) or not value.strip():
            raise ValueError("expected a URL or a file's path")
        return cls(value.strip())


def _spellings(secret: str) -> set[str]:
    """How a secret may turn up: plain, percent-encoded, in reprs, in JSON, as basic authorisation."""
    plain = {secret, unquote(secret)}
    spelled = set(plain)
    for text in plain:
        for safe in ("", "/", ":", "/:"):
            percent = quote(text, safe=safe)
            spelled |= {percent, re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), percent)}
        spelled |= {repr(text)[1:-1], ascii(text)[1:-1], repr(text.encode())[2:-1]}
        spelled |= {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
        if ":" in text:
            spelled.add(base64.b64encode(text.encode()).decode())
    return {text for text in spelled if len(text) >= SHORTEST_SEARCHED}


class SecretRegistry:
    """Remembers secrets and masks them in any text. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, *secrets: SecretUrl | str) -> None:
        """Remember a URL's secrets, or a secret itself."""
        spelled: set[str] = set()
        for secret in secrets:
            for value in secret.secrets() if isinstance(secret, SecretUrl) else (secret,):
                spelled |= _spellings(value)
        with self._lock:
            if not spelled <= self._known:
                self._known |= spelled
                self._pattern = None

    def redact(self, text: str) -> str:
        """``text`` with ``***`` for every known secret and for what :func:`redact` finds."""
        pattern = self._pattern or self._compiled()
        return redact(pattern.sub(MASK, text))

    def _compiled(self) -> re.Pattern[str]:
        with self._lock:
            # The longest first, so that no part of a secret stays behind where one contains another.
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)) or _NOTHING)
            return self._pattern


SECRETS = SecretRegistry()
"""The secrets of this process. Loading a configuration adds its URLs; so does whoever opens a URL."""
