"""An event as it is kept and told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

TOLD = ("object", "class", "score", "box", "value", "counts")
"""What is told of every event, null where there is nothing to say."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Something that a rule reported."""

    id: str
    """Unique among all events that ever were."""
    time: float
    """UTC."""
    camera: str
    rule: str
    kind: str
    body: dict[str, Any]
    """Everything else; plain values."""
    number: int = 0
    """Counts events in the order in which they were kept; never given twice. 0 until it is kept."""

    @property
    def class_name(self) -> str:
        """Of its object; empty where it is about none."""
        return self.body.get("class") or ""

    @property
    def sequence(self) -> int:
        """Of the frame that it is about, in the worker that saw it."""
        return int(self.body.get("frame", 0))

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "id": self.id,
            "time": self.time,
            "camera": self.camera,
            "rule": self.rule,
            "kind": self.kind,
            **dict.fromkeys(TOLD),
            **self.body,
        }


COLUMNS = "number, id, time, camera, rule, kind, body"
"""Of the table ``events``, for ``from_row``."""


def from_row(row: tuple[Any, ...]) -> StoredEvent:
    number, name, time, camera, rule, kind, body = row
    return StoredEvent(name, time, camera, rule, kind, json.loads(body), number)
