"""Changes to a configuration's text that leave all the rest of it as it is: comments, order, `${NAME}`.

Nothing is written out anew: a value's characters are replaced where they stand, lines are put in or taken
out. What comes out is parsed again and compared with what was meant, so an alias that would carry a change
elsewhere is refused rather than followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    before = _Read(text)
    mapping = before.node(path)
    if isinstance(mapping, MappingNode):
        after = _spliced(text, _setting(text, mapping, values))
    elif mapping is None or isinstance(mapping, ScalarNode):
        lines = "".join(f"\n{_INDENT}{_written(key)}: {_written(value)}" for key, value in values.items())
        after = _with_top_level(before, path, mapping, dict(values), lines)
    else:
        raise CannotEditError(_BY_HAND)
    meant = before.plain()
    if _at(meant, path) is None:
        _at(meant, path[:-1])[path[-1]] = {}
    _at(meant, path).update(values)
    return _checked(after, meant)


def append(text: str, path: Path, item: Mapping[str, Any]) -> str:
    """Add a mapping to the end of the list at ``path``; a top-level list that is missing or null is begun.

    Raises CannotEditError.
    """
    return change_list(text, path, {}, [item])


def remove(text: str, path: Path) -> str:
    """Take an item out of a list, with the comments within it. Raises CannotEditError."""
    index = path[-1]
    if not isinstance(index, int):
        raise CannotEditError(_BY_HAND)
    return change_list(text, path[:-1], {index: None})


def change_list(
    text: str,
    path: Path,
    changes: Mapping[int, Mapping[str, Any] | None],
    new: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Change several mappings of the list at ``path`` at once, in time that goes with the text's length.

    ``changes``, by position: keys that get these values, as by :func:`set_values`; None takes the item out,
    with the comments within it. ``new`` come behind. Raises CannotEditError.
    """
    before = _Read(text)
    items = before.node(path)
    if isinstance(items, SequenceNode):
        after = _spliced(text, _list_splices(text, items, changes, new))
    elif changes or not (items is None or isinstance(items, ScalarNode)):
        raise CannotEditError(_BY_HAND)
    else:
        lines = "".join(f"\n{_block(item, _INDENT)}" for item in new)
        after = _with_top_level(before, path, items, [dict(item) for item in new], lines)
    meant = before.plain()
    if _at(meant, path) is None:
        _at(meant, path[:-1])[path[-1]] = []
    known = _at(meant, path)
    for index in sorted(changes, reverse=True):
        if (values := changes[index]) is None:
            del known[index]
        else:
            known[index].update(values)
    known.extend(map(dict, new))
    return _checked(after, meant)


_BY_HAND = "this part of the file is written in a way that can't be changed from here; change it in the file"


Splice = tuple[int, int, str]
"""Where in the text something else is to stand, and what."""


class _Read:
    """A text, read once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._parser = _parser()
        try:
            self.root: Node | None = self._parser.compose(text)
        except YAMLError:
            raise CannotEditError(_BY_HAND) from None

    def node(self, path: Path) -> Node | None:
        node = self.root
        for step in path:
            if isinstance(node, SequenceNode) and isinstance(step, int):
                node = node.value[step]
            elif isinstance(node, MappingNode):
                node = next((value for key, value in node.value if key.value == step), None)
            else:
                return None
        return node

    def plain(self) -> Any:
        """The values, all apart from each other. Merges (`<<`) move nodes: none may be asked for any more."""
        if self.root is None:
            return None
        try:
            return deepcopy(self._parser.constructor.construct_document(self.root))
        except YAMLError:
            raise CannotEditError(_BY_HAND) from None


def _spliced(text: str, splices: Iterable[Splice]) -> str:
    parts, at = [], 0
    for start, end, replacement in sorted(splices, key=lambda splice: splice[:2]):
        parts += [text[at:start], replacement]
        at = end
    return "".join([*parts, text[at:]])


def _setting(text: str, mapping: MappingNode, values: Mapping[str, Any]) -> Iterator[Splice]:
    known = {key.value: (key, value) for key, value in reversed(mapping.value)}
    for key_node, value_node, value in (
        (*known[key], value) for key, value in values.items() if key in known
    ):
        if _is_absent(value_node):
            at = text.index(":", key_node.end_mark.index) + 1
            yield at, at, f" {_written(value)}"
        else:
            yield value_node.start_mark.index, _end(value_node), _written(value)
    added = {key: value for key, value in values.items() if key not in known}
    if added and mapping.flow_style:
        at = _end(mapping.value[-1][1]) if mapping.value else mapping.start_mark.index + 1
        yield at, at, (", " if mapping.value else "") + _flow(added)[1:-1]
    elif added:
        indent = " " * mapping.start_mark.column
        lines = [f"{indent}{_written(key)}: {_written(value)}" for key, value in added.items()]
        yield _behind_line(text, _end(mapping), "\n".join(lines))


def _list_splices(
    text: str,
    items: SequenceNode,
    changes: Mapping[int, Mapping[str, Any] | None],
    new: Sequence[Mapping[str, Any]],
) -> Iterator[Splice]:
    kept = [index for index in range(len(items.value)) if changes.get(index, {}) is not None]
    if not kept:
        yield items.start_mark.index, _end(items), _whole_list(items, new)
        return
    for index, values in changes.items():
        if values is None:
            yield (_out_of_flow if items.flow_style else _out_of_block)(text, items, index, kept[0])
        elif isinstance(items.value[index], MappingNode):
            yield from _setting(text, items.value[index], values)
        else:
            raise CannotEditError(_BY_HAND)
    if new and items.flow_style:
        at = _end(items.value[-1])
        yield at, at, "".join(f", {_flow(dict(item))}" for item in new)
    elif new:
        lines = "\n".join(_block(item, " " * items.start_mark.column) for item in new)
        if kept[-1] == len(items.value) - 1:
            yield _behind_line(text, _end(items), lines)
        else:
            _, at, _ = _out_of_block(text, items, len(items.value) - 1, kept[0])
            yield at, at, f"{lines}\n"


def _whole_list(items: SequenceNode, new: Sequence[Mapping[str, Any]]) -> str:
    """In place of all of its items."""
    if new and not items.flow_style:
        indent = " " * items.start_mark.column
        return "\n".join(_block(item, indent) for item in new).removeprefix(indent)
    # A list within a mapping may stand as far left as its key, but not its brackets.
    indent = "" if items.flow_style or items.start_mark.column else _INDENT
    return f"{indent}[{', '.join(_flow(dict(item)) for item in new)}]"


def _out_of_block(text: str, items: SequenceNode, index: int, _first_kept: int) -> Splice:
    start = text.rfind("\n", 0, items.value[index].start_mark.index) + 1
    end = text.find("\n", _end(items.value[index]))
    return start, len(text) if end < 0 else end + 1, ""


def _out_of_flow(_text: str, items: SequenceNode, index: int, first_kept: int) -> Splice:
    """With the comma on the side of what stays."""
    if index < first_kept:
        return items.value[index].start_mark.index, items.value[index + 1].start_mark.index, ""
    return _end(items.value[index - 1]), _end(items.value[index]), ""


def _block(item: Mapping[str, Any], indent: str) -> str:
    """A list's item on lines of its own."""
    lines = [f"{_written(key)}: {_written(value)}" for key, value in item.items()] or ["{}"]
    return f"{indent}- " + f"\n{indent}  ".join(lines)


def _with_top_level(before: _Read, path: Path, empty: Node | None, value: Any, lines: str) -> str:
    """A top-level section that is not there, or has nothing in it; ``lines`` are its ``value`` as a block."""
    text, root = before.text, before.root
    if len(path) != 1:
        raise CannotEditError(_BY_HAND)
    if isinstance(root, MappingNode) and root.flow_style:
        return _spliced(text, _setting(text, root, {str(path[0]): value}))
    if empty is None:
        return _spliced(text, [_behind_line(text, len(text.rstrip()), f"{path[0]}:{lines}")])
    assert isinstance(root, MappingNode)
    key_node = next(key for key, value in root.value if key.value == path[0])
    at = text.index(":", key_node.end_mark.index) + 1
    return text[:at] + lines + text[_end(empty) if not _is_absent(empty) else at :]


def _behind_line(text: str, index: int, lines: str) -> Splice:
    """``lines`` behind the line in which ``index`` is."""
    ending = text.find("\n", index)
    return (len(text), len(text), f"\n{lines}\n") if ending < 0 else (ending, ending, f"\n{lines}")


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


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else value[step]
    return value


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
