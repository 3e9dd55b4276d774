"""What is to be said about the files that are imported: mistakes, and what has no counterpart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from camwire.config.secrets import redact


@dataclass(frozen=True, slots=True)
class Remark:
    """About a place in a file. ``line`` counts from 1; 0 is the file as a whole. Holds no secret."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return " ".join(redact(f"{where}: {self.text}").split())


class ImportMistakeError(Exception):
    """The files can't be imported; ``remarks`` hold every mistake found."""

    def __init__(self, remarks: Iterable[Remark]) -> None:
        self.remarks = tuple(remarks)
        super().__init__("\n".join(map(str, self.remarks)))
