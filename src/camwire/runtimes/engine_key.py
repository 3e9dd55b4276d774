"""What an engine was built from: with any of it changed, it has to be built again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EngineKey:
    """Every part in words that people understand."""

    model: str
    """SHA-256 of the file."""
    tensorrt: str
    """Package and version: `tensorrt 10.9.0.34`."""
    gpu: str
    """Name and compute capability, for an engine is of use on that alone."""
    precision: str
    shapes: str
    """Of the input, smallest to largest: `images 1×3×640×640 to 8×3×640×640`."""

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for all parts."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:32]

    def changes_from(self, old: EngineKey) -> tuple[str, ...]:
        """What is different: `gpu was NVIDIA L4 (8.9) and is NVIDIA A10 (8.6)`."""
        return tuple(
            f"{field.name} was {_short(getattr(old, field.name))} and is {_short(getattr(self, field.name))}"
            for field in fields(self)
            if getattr(old, field.name) != getattr(self, field.name)
        )


def file_hash(file: Path) -> str:
    """SHA-256. Raises OSError."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _short(value: str) -> str:
    """Hashes are told apart by their first digits."""
    return f"{value[:12]}…" if len(value) == 64 else value
