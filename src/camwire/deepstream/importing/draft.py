"""A configuration in the making: values, each right by itself, and remarks where they belong."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from camwire.config.camera import CameraConfig
from camwire.config.fields import model_at
from camwire.deepstream.importing.documents import Entry, Group
from camwire.deepstream.importing.remarks import Remark
from camwire.deepstream.importing.values import ValueMistakeError

Value = Any
"""bool, int, float, text, and lists and mappings of those."""

HEAD = ""
"""The section of remarks that stand at the file's beginning."""


@dataclass(slots=True)
class CameraDraft:
    """A camera's keys, and what is to be said about it."""

    values: dict[str, Value]
    stream: int | None
    """The muxer's pad; None for a disabled source, which has none."""
    remarks: list[Remark] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """``folder`` is where the configuration will stand."""

    folder: Path
    top: dict[str, Value] = field(default_factory=dict)
    cameras: list[CameraDraft] = field(default_factory=list)
    sections: dict[str, dict[str, Value]] = field(default_factory=lambda: defaultdict(dict))
    remarks: dict[str, list[Remark]] = field(default_factory=lambda: defaultdict(list))
    mistakes: list[Remark] = field(default_factory=list)

    @property
    def is_for_deepstream(self) -> bool:
        """Whether the pipeline is going to be DeepStream's own, which reads its files as they are."""
        return self.top.get("engine") == "deepstream"

    def put(self, section: str, key: str, value: Value, entry: Entry | None = None) -> bool:
        """Set a key; where the section can't have this value, say so at the entry and leave it out."""
        model = model_at((section,))
        assert model is not None
        problem = trouble(model, {**self.sections[section], key: value})
        if problem is None:
            self.sections[section][key] = value
        elif entry is not None:
            self.remarks[section].append(entry.remark(f"can't be {section}.{key}: {problem}"))
        return problem is None

    def put_camera(self, camera: CameraDraft, key: str, value: Value, entry: Entry) -> bool:
        """Likewise of a camera."""
        problem = trouble(CameraConfig, {"url": "/", **camera.values, key: value})
        if problem is None:
            camera.values[key] = value
        else:
            camera.remarks.append(entry.remark(f"can't be a camera's {key}: {problem}"))
        return problem is None

    def remark(self, section: str, entry: Entry, text: str) -> None:
        self.remarks[section].append(entry.remark(text))

    def leave(self, section: str, group: Group, reasons: Mapping[str, str], quiet: frozenset[str]) -> None:
        """Say of every entry that nobody took why it isn't there; ``quiet`` keys mean nothing here."""
        self.remarks[section] += left_over(group, reasons, quiet)

    def mistake(self, error: ValueMistakeError) -> None:
        self.mistakes.append(error.remark)

    def path(self, path: Path) -> str:
        """A file as the configuration names it: relative where it lies in or below its folder."""
        absolute = Path(os.path.abspath(path))
        inside = absolute.is_relative_to(self.folder) and absolute != self.folder
        shown = str(absolute.relative_to(self.folder)) if inside else str(absolute)
        return str(absolute) if shown.startswith("~") else shown


def left_over(group: Group, reasons: Mapping[str, str], quiet: frozenset[str]) -> list[Remark]:
    """A remark on each entry that is still in the group; the group is empty afterwards."""
    remarks = [
        entry.remark(reasons.get(key, "has no counterpart"))
        for key, entry in group.entries.items()
        if key not in quiet
    ]
    group.entries.clear()
    return remarks


def trouble(model: type[BaseModel], values: Mapping[str, Value]) -> str | None:
    """Why a model can't have these values; None where it can. Quotes no value: it may hold a secret."""
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        return str(error.errors(include_url=False, include_input=False)[0]["msg"])
    return None
