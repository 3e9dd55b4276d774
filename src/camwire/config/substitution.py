"""``${NAME}`` in a configuration's text stands for an environment variable, ``$$`` for a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from camwire.config.secrets import encoded

_REFERENCE = re.compile(r"\$\$|\$\{([^}]*)(\}|$)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class BadReference:
    """A reference that can't be resolved: its own text, for finding it in the file, and what is wrong."""

    text: str
    message: str


@dataclass(frozen=True, slots=True)
class Substituted:
    text: str
    values: tuple[str, ...]
    """What was taken from the environment."""
    bad: tuple[BadReference, ...]


def substitute(text: str, environment: Mapping[str, str]) -> Substituted:
    """Resolve every reference in ``text``.

    A value that goes between ``://`` and ``@`` is a URL's user name or password and is percent-encoded there.
    A lone ``$`` stays as it is.
    """
    values: list[str] = []
    bad: list[BadReference] = []

    def resolved(reference: re.Match[str]) -> str:
        if reference[0] == "$$":
            return "$"
        name = reference[1]
        if not reference[2] or not _NAME.fullmatch(name):
            bad.append(BadReference(reference[0], "not a variable; write ${NAME}, or $${ for a literal ${"))
            return reference[0]
        value = environment.get(name)
        if value is None:
            bad.append(BadReference(reference[0], f"the environment variable {name} is not set"))
            return reference[0]
        values.append(value)
        before, after = text[: reference.start()], text[reference.end() :]
        return encoded(value) if "://" in before and "@" in after else value

    return Substituted(_REFERENCE.sub(resolved, text), tuple(values), tuple(bad))
