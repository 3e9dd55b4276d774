"""Values that must not be shown: camera URLs carry passwords."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

MASK = "***"


class SecretUrl:
    """A URL whose user name and password show only when asked for with :meth:`reveal`.

    ``str``, ``repr``, formatting and JSON all give the redacted form.
    """

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def reveal(self) -> str:
        """The URL as it was given, password included: for opening it, never for showing it."""
        return self._url

    @property
    def redacted(self) -> str:
        """The URL with ``***`` in place of everything between ``//`` and the last ``@`` of its authority."""
        scheme, separator, rest = self._url.partition("://")
        if not separator:
            return self._url
        authority, slash, path = rest.rpartition("@") if "@" in rest else ("", "", rest)
        return f"{scheme}://{MASK}@{path}" if slash and authority else self._url

    @property
    def scheme(self) -> str:
        return urlsplit(self._url).scheme

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
    def _validated(cls, value: object) -> SecretUrl:
        if isinstance(value, SecretUrl):
            return value
        if not isinstance(value, str) or not value.strip():
            raise ValueError("expected a URL or a file's path")
        return cls(value.strip())
