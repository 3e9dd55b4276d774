"""What a file says about itself: the metadata that Ultralytics' exporter writes."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camwire.frames import Size
from camwire.models.contract import ModelError, Task

TASKS: dict[str, Task] = {"detect": "detect", "pose": "pose", "segment": "segment", "obb": "obb"}


@dataclass(frozen=True, slots=True)
class Declared:
    """None for whatever isn't said."""

    name: str | None = None
    task: Task | None = None
    names: tuple[str, ...] | None = None
    """Classes, in the order of their numbers."""
    size: Size | None = None
    stride: int | None = None
    keypoints: tuple[int, int] | None = None
    """Points an object, and values a point."""


def read_declared(file: Path, metadata: Mapping[str, str]) -> Declared:
    """``metadata``: the file's own keys and values. Raises ModelError for values that make no sense.

    Keys (Ultralytics' exporter): description, task, names, imgsz (height, width), stride, kpt_shape.
    """
    task = metadata.get("task")
    if task is not None and task not in TASKS:
        raise ModelError(
            f"model {file}: its metadata says that its task is {_shortened(task)}; "
            f"accepted: {', '.join(TASKS)}"
        )
    size = _numbers(file, metadata, "imgsz", 2)
    stride = _numbers(file, metadata, "stride", 1)
    points = _numbers(file, metadata, "kpt_shape", 2)
    if points is not None and points[1] not in (2, 3):
        raise ModelError(
            f"model {file}: its metadata's kpt_shape is {list(points)}; accepted: [K, 2] or [K, 3]"
        )
    named = re.match(r"Ultralytics (\S+) model", metadata.get("description", ""))
    return Declared(
        name=named[1] if named else None,
        task=TASKS[task] if task is not None else None,
        names=_names(file, metadata),
        size=Size(size[1], size[0]) if size is not None else None,
        stride=stride[0] if stride is not None else None,
        keypoints=(points[0], points[1]) if points is not None else None,
    )


def _names(file: Path, metadata: Mapping[str, str]) -> tuple[str, ...] | None:
    if "names" not in metadata:
        return None
    value = _literal(metadata["names"])
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if not isinstance(value, dict) or not value or set(value) != set(range(len(value))):
        raise ModelError(
            f"model {file}: its metadata's names are no list of classes numbered from 0 "
            f"({_shortened(metadata['names'])})"
        )
    return tuple(str(value[number]) for number in range(len(value)))


def _numbers(file: Path, metadata: Mapping[str, str], key: str, count: int) -> tuple[int, ...] | None:
    """``count`` positive whole numbers; a single one stands for all of them."""
    if key not in metadata:
        return None
    value = _literal(metadata[key])
    numbers = tuple(value) if isinstance(value, list | tuple) else (value,) * count
    if len(numbers) != count or not all(type(number) is int and number > 0 for number in numbers):
        raise ModelError(
            f"model {file}: its metadata's {key} is {_shortened(metadata[key])}, no {count} numbers"
        )
    return numbers


def _literal(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes: it isn't this program's own text
        try:
            return ast.literal_eval(text)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return None


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
