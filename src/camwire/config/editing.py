"""Changes to a configuration's text that leave all the rest of it as it is: comments, order, `${NAME}`.

Nothing is written out anew: a value's characters are replaced where they stand, lines are put in or taken
out. What comes out is parsed again and compared with what was meant, so an alias that would carry a change
elsewhere is refused rather than followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from camwire.config.tree import DEEPEST, Path

_PLAIN = re.compile(r"[A-Za-z/][\w./-]*( [\w./-]+)*", re.ASCII)
_INDENT = "  "


class CannotEditError(Exception):
    """The text is written in a way that this change can't be made in; the message says what to do."""


def literal(text: str) -> str:
    """``text`` as it has to stand in a configuration so that none of it is taken for a variable."""
    return text.replace("$", "$$")


def set_values(text: str, path: Path, values: Mapping[str, Any]) -> str:
    """Give keys of the mapping at ``path`` these values, whether or not they are there yet.

    A top-level section that is missing is added. Values are plain ones, as JSON has them; text is taken as it
    stands (see :func:`literal`). Raises CannotEditError.
    """
    meant = _plain(text)
    for key, value in values.items():
        if _at(meant, path) is None:
            _at(meant, path[:-1])[path[-1]] = {}
        _at(meant, path)[key] = value
        text = _with_value(text, path, key, value)
    return _checked(text, meant)


def append(text: str, path: Path, item: Mapping[str, Any]) -> str:
    """Add a mapping to the end of the list at ``path``; a top-level list that is missing or null is begun.

    Raises CannotEditError.
    """
    meant = _plain(text)
    if _at(meant, path) is None:
        _at(meant, path[:-1])[path[-1]] = []
    _at(meant, path).append(dict(item))
    node = _node(text, path)
    if node is None or isinstance(node, ScalarNode):
        return _checked(_with_list(text, path, node, item), meant)
    if not isinstance(node, SequenceNode):
        raise CannotEditError(_BY_HAND)
    if node.flow_style:
        at = _end(node.value[-1]) if node.value else node.start_mark.index + 1
        comma = ", " if node.value else ""
        return _checked(text[:at] + comma + _flow(dict(item)) + text[at:], meant)
    block = _block(item, " " * node.start_mark.column)
    return _checked(_with_lines_after(text, _end(node), block), meant)


def remove(text: str, path: Path) -> str:
    """Take an item out of a list, with the comments within it. Raises CannotEditError."""
    meant = _plain(text)
    del _at(meant, path[:-1])[path[-1]]
    items = _node(text, path[:-1])
    index = path[-1]
    if not isinstance(items, SequenceNode) or not isinstance(index, int):
        raise CannotEditError(_BY_HAND)
    if len(items.value) == 1:
        start = items.start_mark.index
        indent = "" if items.start_mark.column else _INDENT
        return _checked(f"{text[:start]}{indent}[]{text[_end(items) :]}", meant)
    if items.flow_style:
        start, end = items.value[index].start_mark.index, _end(items.value[index])
        if index + 1 < len(items.value):
            end = items.value[index + 1].start_mark.index
        else:
            start = _end(items.value[index - 1])
        return _checked(text[:start] + text[end:], meant)
    start = text.rfind("\n", 0, items.value[index].start_mark.index) + 1
    end = text.find("\n", _end(items.value[index]))
    return _checked(text[:start] + ("" if end < 0 else text[end + 1 :]), meant)


_BY_HAND = "this part of the file is written in a way that can't be changed from here; change it in the file"


def _with_value(text: str, path: Path, key: str, value: Any) -> str:
    mapping = _node(text, path)
    if isinstance(mapping, ScalarNode) or mapping is None:
        return _with_section(text, path, mapping, {key: value})
    if not isinstance(mapping, MappingNode):
        raise CannotEditError(_BY_HAND)
    for key_node, value_node in mapping.value:
        if key_node.value == key:
            start, end = value_node.start_mark.index, _end(value_node)
            if _is_absent(value_node):
                at = text.index(":", key_node.end_mark.index) + 1
                return f"{text[:at]} {_written(value)}{text[at:]}"
            return text[:start] + _written(value) + text[end:]
    if mapping.flow_style:
        at = _end(mapping.value[-1][1]) if mapping.value else mapping.start_mark.index + 1
        comma = ", " if mapping.value else ""
        return f"{text[:at]}{comma}{_flow(key)}: {_flow(value)}{text[at:]}"
    line = f"{' ' * mapping.start_mark.column}{_written(key)}: {_written(value)}"
    return _with_lines_after(text, _end(mapping), line)


def _block(item: Mapping[str, Any], indent: str) -> str:
    """A list's item on lines of its own."""
    lines = [f"{_written(key)}: {_written(value)}" for key, value in item.items()] or ["{}"]
    return f"{indent}- " + f"\n{indent}  ".join(lines)


def _with_list(text: str, path: Path, empty: Node | None, item: Mapping[str, Any]) -> str:
    return _with_top_level(text, path, empty, [dict(item)], "\n" + _block(item, _INDENT))


def _with_section(text: str, path: Path, empty: Node | None, values: Mapping[str, Any]) -> str:
    lines = "".join(f"\n{_INDENT}{_written(key)}: {_written(value)}" for key, value in values.items())
    return _with_top_level(text, path, empty, dict(values), lines)


def _with_top_level(text: str, path: Path, empty: Node | None, value: Any, lines: str) -> str:
    """A top-level section that is not there, or has nothing in it; ``lines`` are its ``value`` as a block."""
    if len(path) != 1:
        raise CannotEditError(_BY_HAND)
    root = _root(text)
    if isinstance(root, MappingNode) and root.flow_style:
        return _with_value(text, (), str(path[0]), value)
    if empty is None:
        return _with_lines_after(text, len(text.rstrip()), f"{path[0]}:{lines}")
    assert isinstance(root, MappingNode)
    key_node = next(key for key, value in root.value if key.value == path[0])
    at = text.index(":", key_node.end_mark.index) + 1
    return text[:at] + lines + text[_end(empty) if not _is_absent(empty) else at :]


def _with_lines_after(text: str, index: int, lines: str) -> str:
    """``lines`` behind the line in which ``index`` is."""
    ending = text.find("\n", index)
    if ending < 0:
        return f"{text}\n{lines}\n"
    return f"{text[:ending]}\n{lines}{text[ending:]}"


def _written(value: Any) -> str:
    """A value as it stands behind a key; text without quotes where that surely means the same."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and _plain(value) == value:
        return value
    return _flow(value)


def _flow(value: Any) -> str:
    """A value on one line: JSON, with YAML's escapes for what may not stand in YAML."""
    dumped = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in dumped)


def _checked(text: str, meant: Any) -> str:
    if _plain(text) == meant:
        return text
    raise CannotEditError(_BY_HAND)


def _parser() -> YAML:
    parser = YAML(typ="safe", pure=True)
    parser.max_depth = DEEPEST
    parser.composer.warn_double_anchors = False
    return parser


def _plain(text: str) -> Any:
    try:
        return deepcopy(_parser().load(text))
    except YAMLError:
        raise CannotEditError(_BY_HAND) from None


def _root(text: str) -> Node | None:
    try:
        root: Node | None = _parser().compose(text)
    except YAMLError:
        raise CannotEditError(_BY_HAND) from None
    return root


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else value[step]
    return value


def _node(text: str, path: Path) -> Node | None:
    node = _root(text)
    for step in path:
        if isinstance(node, SequenceNode) and isinstance(step, int):
            node = node.value[step]
        elif isinstance(node, MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
        else:
            return None
    return node


def _is_absent(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.value and node.style is None


def _end(node: Node) -> int:
    """Behind a value's last character; for the parser a block ends only where the next thing begins."""
    if not isinstance(node, SequenceNode | MappingNode) or node.flow_style or not node.value:
        end: int = node.end_mark.index
        return end
    last = node.value[-1]
    if isinstance(last, tuple):
        key, value = last
        return _end(key) + 1 if _is_absent(value) else _end(value)
    return _end(last)
