"""Looks for secrets in whatever a program wrote or served, in any spelling."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import quote

AWKWARD = "@/:%#?ü✓ "


@dataclass(frozen=True)
class Planted:
    """A secret with all that is awkward in a URL, around a core that stands nowhere else."""

    what: str
    core: str

    @property
    def secret(self) -> str:
        return f"{AWKWARD.strip()}{self.core}"

    @property
    def percent_encoded(self) -> str:
        return quote(self.secret, safe="")

    def spellings(self) -> list[bytes]:
        """The core as text, in hexadecimal, backwards, as UTF-16, and in base64 wherever it may begin."""
        core = self.core.encode()
        return [
            core,
            core.hex().encode(),
            core[::-1],
            self.core.encode("utf-16-le"),
            *(alphabet(core, shift) for alphabet in (_base64, _base64_url) for shift in range(3)),
        ]


def _base64(text: bytes, shift: int) -> bytes:
    """What of ``text`` in base64 doesn't depend on what stands around it, ``shift`` bytes behind a third."""
    encoded = base64.b64encode(b"\0" * shift + text)
    return encoded[(0, 2, 3)[shift] : len(encoded) - (0, 4, 4)[(shift + len(text)) % 3]]


def _base64_url(text: bytes, shift: int) -> bytes:
    return _base64(text, shift).translate(bytes.maketrans(b"+/", b"-_"))


def spilled(secrets: list[Planted], places: dict[str, bytes]) -> list[str]:
    """Which secret stands where, with what is around it."""
    found = []
    for name, content in places.items():
        lower = content.lower()
        for planted in secrets:
            for spelling in planted.spellings():
                at = lower.find(spelling.lower())
                if at >= 0:
                    around = content[max(0, at - 60) : at + len(spelling) + 20]
                    found.append(f"{planted.what} in {name}: …{around!r}…")
    return found
