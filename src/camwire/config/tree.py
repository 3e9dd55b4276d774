"""YAML text to plain values, with the place of every one of them."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from camwire.config.errors import ConfigError, Problem
from camwire.config.substitution import substitute
from camwire.config.syntax import explain_syntax

Path = tuple[str | int, ...]
"""From the top to a value: keys of mappings, positions in lists."""

MOST_VALUES = 50_000
"""Bounds what aliases may multiply a file to."""
DEEPEST = 50
"""Levels of nesting."""

_HALF_A_CHARACTER = (
    "half of a character (an escape from \\ud800 to \\udfff without its other half, or bytes of the "
    "environment that are not UTF-8); write the character itself"
)

_TAG = "tag:yaml.org,2002:"
_TEXT = {_TAG + "str", _TAG + "timestamp"}
_KNOWN_TAGS = {_TAG + name for name in ("str", "timestamp", "null", "bool", "int", "float", "seq", "map")}


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the file; both count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Tree:
    """A document's values and where they stand."""

    file: str
    data: Any = None
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    """Where the key of a mapping's value stands."""
    from_environment: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    """The values of variables within a text value: they may be secret."""
    unreadable: set[Path] = field(default_factory=set)
    """Values that have a problem already; what a model says about them would be a second one."""
    problems: list[Problem] = field(default_factory=list)

    def mark_of(self, path: Path, *, key: bool = False) -> Mark:
        """The place of a value, or of its key; of the nearest thing around it where it has none."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Mark(1, 1))

    def value_at(self, path: Path) -> Any:
        """Raises KeyError, IndexError or TypeError where there is none."""
        value = self.data
        for step in path:
            value = value[step]
        return value

    def add_problem(self, mark: Mark, message: str) -> None:
        problem = Problem(self.file, mark.line, mark.column, message)
        if problem not in self.problems:  # an alias brings the same mistake again
            self.problems.append(problem)


def read_tree(text: str, file: str, environment: Mapping[str, str]) -> Tree:
    """Parse one YAML document and resolve its ``${NAME}`` references.

    What is wrong beyond the syntax is collected in ``Tree.problems``.
    Raises ConfigError where the text isn't YAML or is out of bounds.
    """
    root, parser = _composed(text, file)
    tree = Tree(file)
    if root is not None:
        _Builder(tree, text, parser, environment).build(root)
    return tree


def tree_of_rules(data: Mapping[str, Any], file: str) -> Tree:
    """The tree of plain values, as JSON has them. A rule's line is its position, counted from 1; all the rest
    is on line 0."""
    tree = Tree(file, data)
    nowhere = Mark(0, 0)

    def place(value: Any, path: Path, mark: Mark) -> None:
        tree.values[path] = mark
        if isinstance(value, dict):
            for key, item in value.items():
                tree.keys[(*path, key)] = mark
                place(item, (*path, key), mark)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                place(item, (*path, index), Mark(index + 1, 1) if path == ("rules",) else mark)

    place(data, (), nowhere)
    return tree


def _composed(text: str, file: str) -> tuple[Node | None, YAML]:
    parser = YAML(typ="safe", pure=True)
    parser.max_depth = DEEPEST
    parser.composer.warn_double_anchors = False
    try:
        return parser.compose(text), parser
    except MarkedYAMLError as error:
        line, column, message = explain_syntax(error)
        raise ConfigError([Problem(file, line, column, message)]) from None
    except YAMLError:
        place, character = _unprintable(text)
        message = f"the character U+{ord(character):04X} can't stand in YAML; remove it"
        raise ConfigError([Problem(file, place.line, place.column, message)]) from None


def _unprintable(text: str) -> tuple[Mark, str]:
    for line, content in enumerate(text.split("\n"), 1):
        for column, character in enumerate(content, 1):
            if not character.isprintable() and character not in "\t\r":
                return Mark(line, column), character
    return Mark(1, 1), text[:1] or "\0"


class _Builder:
    """Walks the parser's nodes."""

    def __init__(self, tree: Tree, text: str, parser: YAML, environment: Mapping[str, str]) -> None:
        self._tree = tree
        self._text = text
        self._line_starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
        self._parser = parser
        self._environment = environment
        self._count = 0
        self._open: list[Node] = []

    def build(self, root: Node) -> None:
        self._tree.data = self._value(root, ())

    def _value(self, node: Node, path: Path) -> Any:
        # The parser puts a value that isn't there at the next thing that is.
        absent = isinstance(node, ScalarNode) and not node.value and node.style is None
        self._tree.values[path] = self._tree.keys.get(path, _mark(node)) if absent else _mark(node)
        if not self._enter(node):
            self._tree.unreadable.add(path)
            return None
        try:
            if isinstance(node, ScalarNode):
                return self._scalar(node, path)
            self._reject_tag(node)
            if isinstance(node, SequenceNode):
                return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._mapping(node, path) if isinstance(node, MappingNode) else None
        finally:
            self._open.pop()

    def _enter(self, node: Node) -> bool:
        """Count a node; false where it stands inside itself by way of an alias."""
        mark = _mark(node)
        self._count += 1
        if self._count > MOST_VALUES:
            message = f"aliases make more than {MOST_VALUES} values of this file"
            raise ConfigError([Problem(self._tree.file, mark.line, mark.column, message)])
        if any(node is ancestor for ancestor in self._open):
            self._tree.add_problem(mark, "an alias inside this refers to the whole of it")
            return False
        self._open.append(node)
        return True

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        pairs = self._pairs(node)
        for key, (key_node, _) in pairs.items():
            self._tree.keys[(*path, key)] = _mark(key_node)
        return {key: self._value(value_node, (*path, key)) for key, (_, value_node) in pairs.items()}

    def _pairs(self, node: MappingNode) -> dict[str, tuple[Node, Node]]:
        """A mapping's keys and values, with what ``<<: *other`` adds to them."""
        pairs: dict[str, tuple[Node, Node]] = {}
        inherited: list[Node] = []
        for key_node, value_node in node.value:
            mark = _mark(key_node)
            if not isinstance(key_node, ScalarNode):
                self._tree.add_problem(mark, "a key is text")
            elif str(key_node.tag) == _TAG + "merge":
                inherited += value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            elif (key := _whole(key_node.value)) is None:
                self._tree.add_problem(mark, _HALF_A_CHARACTER)
            elif key in pairs:
                first = _mark(pairs[key][0])
                self._tree.add_problem(mark, f"this key is here twice; the first is on line {first.line}")
            else:
                pairs[key] = (key_node, value_node)
        for source in inherited:
            if not isinstance(source, MappingNode):
                self._tree.add_problem(_mark(source), "<< takes a mapping, or a list of mappings")
            elif self._enter(source):
                for key, pair in self._pairs(source).items():
                    pairs.setdefault(key, pair)
                self._open.pop()
        return pairs

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        tag = str(node.tag)
        if tag in _TEXT:
            return self._substituted(node, path)
        if self._reject_tag(node):
            self._tree.unreadable.add(path)
            return None
        try:
            return self._parser.constructor.construct_object(node, deep=True)
        except (ValueError, OverflowError, KeyError, IndexError):
            self._tree.add_problem(_mark(node), "this can't be read as a number or as true or false")
            self._tree.unreadable.add(path)
            return None

    def _reject_tag(self, node: Node) -> bool:
        known = str(node.tag) in _KNOWN_TAGS
        if not known:
            self._tree.add_problem(_mark(node), "a tag (!...) has no meaning here; quote the text")
        return not known

    def _substituted(self, node: ScalarNode, path: Path) -> str:
        result = substitute(node.value, self._environment)
        if (text := _whole(result.text)) is None:
            self._tree.unreadable.add(path)
            self._tree.add_problem(_mark(node), _HALF_A_CHARACTER)
            return ""
        if result.values:
            self._tree.from_environment[path] = result.values
        if result.bad:
            self._tree.unreadable.add(path)
        search_from = node.start_mark.index
        for reference in result.bad:
            found = self._text.find(reference.text, search_from, node.end_mark.index)
            self._tree.add_problem(self._mark_at(found) if found >= 0 else _mark(node), reference.message)
            search_from = max(search_from, found + 1)
        return text

    def _mark_at(self, index: int) -> Mark:
        line = bisect.bisect_right(self._line_starts, index)
        return Mark(line, index - self._line_starts[line - 1] + 1)


def _whole(text: str) -> str | None:
    """With the halves put together in which JSON escapes a character beyond U+FFFF, which the parser leaves
    apart; None where one stands alone: such text can't be sent or written."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return None


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)
