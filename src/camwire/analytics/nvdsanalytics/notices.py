"""What is to be said about a configuration file: where, what, and what DeepStream makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """One remark about a file, for people."""

    file: str
    line: int
    """Counted from 1; 0 means the file as a whole."""
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"


class NvdsConfigError(Exception):
    """DeepStream would not run with this file; ``notices`` say why."""

    def __init__(self, notices: Sequence[Notice]) -> None:
        super().__init__("\n".join(map(str, notices)))
        self.notices = tuple(notices)
