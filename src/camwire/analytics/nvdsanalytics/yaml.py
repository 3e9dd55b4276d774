"""nvdsanalytics files in YAML form.

DeepStream reads them in order, with yaml-cpp. A group with an odd, wrong or negative set of coordinates
silently ends the reading: what stands before it works, it and what follows doesn't exist. A value that is no
number at all (``true`` for a boolean, too) ends DeepStream with an uncaught exception.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from camwire.analytics.nvdsanalytics.groups import (
    CutShortError,
    ProblemError,
    RefusedError,
    Remark,
    Remarks,
    kind_of,
    read_group,
)
from camwire.analytics.nvdsanalytics.keyfile import MAX_INT, MIN_INT
from camwire.analytics.nvdsanalytics.notices import NvdsConfigError
from camwire.analytics.nvdsanalytics.settings import DEFAULT_WINDOW, Point, Settings

MAX_UNSIGNED = 2**32 - 1
DEEPEST = 64
"""Nesting beyond which a file is refused; a sound one has three levels."""

_NULL = "tag:yaml.org,2002:null"
_SCALAR_INTEGER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_LEADING_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")


@dataclass(frozen=True, slots=True)
class YamlValue:
    """A node, read as the C++ parser reads it: numbers in scalars, numbers in ``;`` lists."""

    key: str
    node: Any

    @property
    def line(self) -> int:
        return line_of(self.node)

    def string(self) -> str:
        return scalar(self.node, self.key)

    def integer(self, low: int = MIN_INT, high: int = MAX_INT) -> int:
        """A scalar that is a number and nothing else; ``0x`` begins a hexadecimal one, ``0`` an octal one."""
        text = self.string()
        number = _SCALAR_INTEGER.fullmatch(text)
        if number and not (low >= 0 and number[1] == "-"):
            value = _with_base(number[2]) * (-1 if number[1] == "-" else 1)
            if low <= value <= high:
                return value
        hint = "; write 0 or 1" if text.lower() in ("true", "false", "yes", "no", "on", "off") else ""
        raise RefusedError(self.line, f"{self.key}: {text!r} is no whole number that fits{hint}")

    def boolean(self) -> bool:
        return self.integer() != 0

    def natural(self) -> int:
        return self.integer(0, MAX_UNSIGNED)

    def class_ids(self) -> list[int]:
        """32 bits of each number are kept, so that -1 stays -1."""
        return [
            (self._leading_integer(item, -(2**64), 2**64 - 1) + 2**31) % 2**32 - 2**31
            for item in self._items()
        ]

    def points(self, exactly: int | None = None) -> list[Point]:
        items = self._items()
        if exactly is not None and len(items) != 2 * exactly:
            raise CutShortError(self.line, f"{self.key} has {len(items)} values; it needs {2 * exactly}")
        if len(items) % 2:
            trailing = " (a ';' at the end begins another value)" if not items[-1] else ""
            raise CutShortError(self.line, f"{self.key} has an odd number of values, {len(items)}{trailing}")
        numbers = []
        for item in items:
            numbers.append(self._leading_integer(item, MIN_INT, MAX_INT))
            if numbers[-1] < 0:
                raise CutShortError(self.line, f"{self.key} has a negative coordinate")
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def _items(self) -> list[str]:
        return self.string().split(";")

    def _leading_integer(self, text: str, low: int, high: int) -> int:
        """The number that ``text`` begins with; what follows it is ignored."""
        number = _LEADING_INTEGER.match(text)
        if not number or not low <= int(number[1]) <= high:
            raise RefusedError(self.line, f"{self.key}: {text!r} is no whole number that fits")
        return int(number[1])


def _with_base(digits: str) -> int:
    if digits[:2] in ("0x", "0X"):
        return int(digits, 16)
    return int(digits, 8) if digits[0] == "0" else int(digits)


def line_of(node: Node) -> int:
    return int(node.start_mark.line) + 1


def scalar(node: Node, what: str) -> str:
    if not isinstance(node, ScalarNode):
        raise RefusedError(line_of(node), f"{what} is a list or a mapping; it has to be one value")
    return "null" if node.tag == _NULL else str(node.value)


def parse_yaml(text: str, remarks: Remarks) -> Settings:
    """Read a whole file. Raises NvdsConfigError where DeepStream refuses it or ends with an exception."""
    settings = Settings()
    try:
        complete = _read_groups(_groups(_composed(text)), settings, remarks)
        if complete and not complete.has_property:
            raise RefusedError(0, "there is no property group with anything in it")
    except ProblemError as error:
        problems = Remarks(remarks.file)
        problems(error.line, error.text)
        raise NvdsConfigError(problems.notices) from None
    settings.window = settings.window or DEFAULT_WINDOW
    return settings


def _composed(text: str) -> Any:
    """The first document's nodes."""
    loader = YAML(typ="safe", pure=True)
    loader.max_depth = DEEPEST
    loader.composer.warn_double_anchors = False
    try:
        return next(loader.compose_all(text), None)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise RefusedError(line, f"this is no YAML: {error.problem or error.context}") from None
    except YAMLError as error:
        raise RefusedError(0, f"this is no YAML: {error}") from None


@dataclass(frozen=True, slots=True)
class _Complete:
    """What is known once every group was read."""

    has_property: bool


def _groups(root: Any) -> list[tuple[str, Any, Any]]:
    """Name, key node and value node of each group; a repeated group reads the first one's values again."""
    if root is None or (isinstance(root, ScalarNode)):
        raise RefusedError(0, "there is nothing in it; expected groups, property first")
    if not isinstance(root, MappingNode):
        raise RefusedError(line_of(root), "expected groups with keys, not a list")
    if not root.value:
        raise RefusedError(0, "there is nothing in it; expected groups, property first")
    first: dict[str, Any] = {}
    groups = []
    for key, value in root.value:
        name = scalar(key, "a group's name")
        groups.append((name, key, first.setdefault(name, value)))
    return groups


def _items(name: str, node: Any) -> list[tuple[str, YamlValue]]:
    if isinstance(node, ScalarNode):
        return []
    if not isinstance(node, MappingNode):
        raise RefusedError(line_of(node), f"{name} is a list; it has to be keys with values")
    keys = [scalar(key, f"a key in {name}") for key, _ in node.value]
    return [(key, YamlValue(key, value)) for key, (_, value) in zip(keys, node.value, strict=True)]


def _read_groups(groups: list[tuple[str, Any, Any]], settings: Settings, remark: Remark) -> _Complete | None:
    """Read the groups in order; None where a bad one ended that early."""
    has_property = False
    for name, key, node in groups:
        line = line_of(key)
        if name == "property":
            has_property = _read_property(_items(name, node), settings, remark)
        elif kind := kind_of(name):
            if not has_property:
                remark(
                    line,
                    f"{name} stands before property: it is scaled from {settings.width}×{settings.height}",
                )
            try:
                read_group(kind, name, line, _items(name, node), settings, remark)
            except CutShortError as error:
                remark(
                    error.line, f"{error.text}; DeepStream silently leaves out {name} and all that follows"
                )
                return None
        else:
            remark(line, f"the unknown group {name} is ignored")
    return _Complete(has_property)


def _read_property(items: list[tuple[str, YamlValue]], settings: Settings, remark: Remark) -> bool:
    """Whether there was anything in it."""
    for key, value in items:
        match key:
            case "enable":
                settings.enabled = value.boolean()
            case "config-width":
                settings.width = value.natural()
            case "config-height":
                settings.height = value.natural()
            case "display-font-size":
                settings.font_size = value.natural() or settings.font_size
            case "osd-mode":
                settings.osd_mode = min(value.natural(), 2)
            case "obj-cnt-win-in-ms":
                settings.window = _window(value, remark)
            case "display-obj-cnt":
                settings.show_counts = value.boolean()
            case _:
                remark(value.line, f"the unknown key {key} in property is ignored")
    return bool(items)


def _window(value: YamlValue, remark: Remark) -> int:
    window = value.integer(0, MAX_INT)
    if window == 0:
        remark(value.line, f"obj-cnt-win-in-ms is 0; DeepStream takes {DEFAULT_WINDOW}")
    return window
