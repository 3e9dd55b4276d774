"""Per-stream groups: the part of reading a file that its two formats have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from camwire.analytics.nvdsanalytics.notices import Notice
from camwire.analytics.nvdsanalytics.settings import (
    Direction,
    Line,
    Mode,
    Overcrowding,
    Point,
    Roi,
    Settings,
)


class ProblemError(Exception):
    """Something in the file that DeepStream stops at."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


class RefusedError(ProblemError):
    """DeepStream refuses the whole file."""


class CutShortError(ProblemError):
    """DeepStream silently reads no further, and works with what it has by then."""


class Value(Protocol):
    """A key's value, read the way the file's format reads it; each method may raise a ProblemError."""

    @property
    def line(self) -> int: ...

    def boolean(self) -> bool: ...

    def natural(self) -> int:
        """A whole number that isn't negative."""

    def string(self) -> str: ...

    def class_ids(self) -> list[int]: ...

    def points(self, exactly: int | None = None) -> list[Point]:
        """Coordinates in pairs, none negative; ``exactly`` is how many points are wanted, None any number."""


Items = Sequence[tuple[str, Value]]
Remark = Callable[[int, str], None]


@dataclass(slots=True)
class Remarks:
    """Collects what is to be said about one file."""

    file: str
    notices: list[Notice] = field(default_factory=list)

    def __call__(self, line: int, text: str) -> None:
        self.notices.append(Notice(self.file, line, text))


def stream_number(suffix: str) -> int:
    """The number that ends a group's name, as C reads it: 0 where there is none."""
    digits = re.match(r"\s*([+-]?)([0-9]+)", suffix)
    if not digits:
        return 0
    number = min(int(digits[2]), 2**64 - 1)
    if digits[1] == "-":
        number = -number
    return (number + 2**31) % 2**32 - 2**31


def _labels(items: Items, prefix: str) -> list[tuple[str, Value]]:
    return [(key.removeprefix(prefix), value) for key, value in items if key.startswith(prefix)]


def _last(items: Items, key: str) -> Value | None:
    return next((value for name, value in reversed(items) if name == key), None)


def _boolean(items: Items, key: str, default: bool) -> bool:
    value = _last(items, key)
    return default if value is None else value.boolean()


def _natural(items: Items, key: str, default: int) -> int:
    value = _last(items, key)
    return default if value is None else value.natural()


def _mode(items: Items, default: Mode, remark: Remark) -> Mode:
    value = _last(items, "mode")
    if value is None:
        return default
    word = value.string()
    try:
        return Mode(word)
    except ValueError:
        remark(value.line, f"mode {word!r} is none of strict, balanced, loose; {default.value} is used")
        return default


def _common(items: Items) -> dict[str, Any]:
    classes = _last(items, "class-id")
    return {
        "enabled": _boolean(items, "enable", False),
        "classes": tuple(classes.class_ids()) if classes else (),
    }


def _polygon(label: str, value: Value, remark: Remark) -> tuple[Point, ...]:
    polygon = tuple(value.points())
    if not polygon:
        raise RefusedError(value.line, f"roi-{label} has no points; DeepStream would crash")
    if len(polygon) < 3:
        remark(value.line, f"roi-{label} has fewer than three points: nothing is ever inside it")
    return polygon


def _arrow(points: Sequence[Point], label: str, line: int, remark: Remark) -> tuple[Point, Point]:
    if points[0] == points[1]:
        remark(line, f"the arrow of {label!r} has no length: nothing ever goes its way")
    return points[0], points[1]


def _rois(items: Items, settings: Settings, stream: int, remark: Remark) -> None:
    common = _common(items) | {"inverse": _boolean(items, "inverse-roi", False)}
    rois = [
        Roi(label=label, polygon=_polygon(label, value, remark), **common)
        for label, value in _labels(items, "roi-")
    ]
    settings.stream(stream).rois += rois


def _overcrowdings(items: Items, settings: Settings, stream: int, remark: Remark) -> None:
    common = _common(items) | {"threshold": _natural(items, "object-threshold", 1)}
    if time := _last(items, "time-threshold"):
        time.natural()
        remark(time.line, "time-threshold has no effect in DeepStream: one crowded frame is enough")
    crowds = [
        Overcrowding(label=label, polygon=_polygon(label, value, remark), **common)
        for label, value in _labels(items, "roi-")
    ]
    settings.stream(stream).overcrowdings += crowds


def _lines(items: Items, settings: Settings, stream: int, remark: Remark) -> None:
    common = _common(items) | {
        "extended": _boolean(items, "extended", True),
        "mode": _mode(items, Mode.LOOSE, remark),
    }
    lines: dict[str, Line] = {}
    for label, value in _labels(items, "line-crossing-"):
        points = value.points(exactly=4)
        if points[2] == points[3]:
            remark(value.line, f"the line {label!r} has no length: nothing ever crosses it")
        arrow = _arrow(points, label, value.line, remark)
        lines[label] = Line(label=label, arrow=arrow, ends=(points[2], points[3]), **common)
    settings.stream(stream).lines += lines.values()


def _directions(items: Items, settings: Settings, stream: int, remark: Remark) -> None:
    common = _common(items)
    _mode(items, Mode.BALANCED, remark)
    directions: dict[str, Direction] = {}
    for label, value in _labels(items, "direction-"):
        arrow = _arrow(value.points(exactly=2), label, value.line, remark)
        directions[label] = Direction(label=label, arrow=arrow, **common)
    settings.stream(stream).directions += directions.values()


@dataclass(frozen=True, slots=True)
class GroupKind:
    """One of the four kinds of groups that belong to a stream."""

    prefix: str
    label_prefix: str
    keys: frozenset[str]
    read: Callable[[Items, Settings, int, Remark], None]


KINDS = (
    GroupKind("roi-filtering-stream-", "roi-", frozenset({"inverse-roi"}), _rois),
    GroupKind(
        "overcrowding-stream-", "roi-", frozenset({"object-threshold", "time-threshold"}), _overcrowdings
    ),
    GroupKind("direction-detection-stream-", "direction-", frozenset({"mode"}), _directions),
    GroupKind("line-crossing-stream-", "line-crossing-", frozenset({"extended", "mode"}), _lines),
)
COMMON_KEYS = frozenset({"enable", "class-id"})


def kind_of(group: str) -> GroupKind | None:
    return next((kind for kind in KINDS if group.startswith(kind.prefix)), None)


def read_group(
    kind: GroupKind, name: str, line: int, items: Items, settings: Settings, remark: Remark
) -> None:
    """Add a stream's group to ``settings``. Raises RefusedError or CutShortError, and then adds nothing."""
    suffix = name.removeprefix(kind.prefix)
    stream = stream_number(suffix)
    if not suffix.isdecimal():
        remark(line, f"[{name}] ends in no stream number; DeepStream takes it for stream {stream}")
    _warn_of_keys(kind, name, items, remark)
    labelled = _labels(items, kind.label_prefix)
    if not labelled:
        raise RefusedError(line, f"[{name}] has no {kind.label_prefix}LABEL")
    kind.read(items, settings, stream, remark)
    if not _boolean(items, "enable", False):
        remark(line, f"[{name}] is off: it has no enable=1")


def _warn_of_keys(kind: GroupKind, name: str, items: Items, remark: Remark) -> None:
    seen: set[str] = set()
    for key, value in items:
        if key in seen:
            remark(value.line, f"{key} is repeated in [{name}]")
        seen.add(key)
        if key not in kind.keys | COMMON_KEYS and not key.startswith(kind.label_prefix):
            remark(value.line, f"the unknown key {key} in [{name}] is ignored")
