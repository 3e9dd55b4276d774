"""DeepStream's files, INI or YAML, as groups of keys with the line of each."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from camwire.analytics.nvdsanalytics.keyfile import ESCAPES, KeyFileError, parse_key_file
from camwire.config.syntax import explain_syntax
from camwire.deepstream.importing.remarks import ImportMistakeError, Remark
from camwire.tracking.nvtracker.files import without_directive

LARGEST_FILE = 1 << 20
"""Bytes; no configuration is larger."""
DEEPEST = 20
"""Levels of YAML; DeepStream's files have two."""
YAML_NAMES = (".yml", ".yaml")
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value as it stands in the file."""

    file: Path
    line: int
    group: str
    key: str
    text: str

    def remark(self, text: str) -> Remark:
        return Remark(str(self.file), self.line, f"[{self.group}] {self.key}: {text}")

    def path(self) -> Path:
        """The value as a path; a relative one begins at the file's folder."""
        return self.file.parent / self.text


@dataclass(slots=True)
class Group:
    """A group's entries by key. Whoever makes use of one takes it out; what stays has not been understood."""

    file: Path
    name: str
    line: int
    entries: dict[str, Entry] = field(default_factory=dict)

    def take(self, key: str) -> Entry | None:
        """The entry; None where there is none or its value is empty."""
        entry = self.entries.pop(key, None)
        return entry if entry is not None and entry.text else None

    def add(self, line: int, key: str, text: str) -> None:
        self.entries[key] = Entry(self.file, line, self.name, key, text.strip())


@dataclass(frozen=True, slots=True)
class Document:
    """A file's groups by name, in its order."""

    file: Path
    groups: dict[str, Group]

    def group(self, name: str) -> Group:
        """The group; an empty one where there is none."""
        return self.groups.get(name) or Group(self.file, name, 0)

    def numbered(self, prefix: str) -> Iterator[Group]:
        """The groups whose name is ``prefix`` and a number, in the file's order."""
        for name, group in self.groups.items():
            if name.startswith(prefix) and name[len(prefix) :].isdecimal():
                yield group


def read(path: Path) -> Document:
    """Read a file; names that end in .yml or .yaml are YAML, as for DeepStream. Raises ImportMistakeError."""
    text = read_text(path)
    return Document(path, _yaml(text, path) if path.suffix in YAML_NAMES else _ini(text, path))


def read_text(path: Path) -> str:
    """Raises ImportMistakeError where the file can't be read."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no file's name"
        raise ImportMistakeError([Remark(str(path), 0, f"can't be read: {reason}")]) from None
    if len(data) > LARGEST_FILE:
        raise ImportMistakeError([Remark(str(path), 0, "larger than 1 MiB; that is no configuration")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ImportMistakeError([Remark(str(path), line, "not UTF-8 from here on")]) from None


def read_table(path: Path) -> list[Group]:
    """A CSV file of sources, as deepstream-app's YAML names one: each row a group.

    Raises ImportMistakeError.
    """
    try:
        rows = list(csv.reader(read_text(path).splitlines(), skipinitialspace=True))
    except csv.Error as error:
        raise ImportMistakeError([Remark(str(path), 0, f"no CSV: {error}")]) from None
    groups = []
    for line, row in enumerate(rows[1:], 2):
        group = Group(path, f"source{line - 2}", line)
        for key, text in zip(rows[0], row, strict=False):
            group.add(line, key.strip(), text)
        if group.entries:
            groups.append(group)
    return groups


def _ini(text: str, path: Path) -> dict[str, Group]:
    try:
        parsed = parse_key_file(text)
    except KeyFileError as error:
        # What stands in the line may be an address with a password.
        text = "this is no [group], key=value or # comment" if "@" in error.text else error.text
        raise ImportMistakeError([Remark(str(path), error.line, text)]) from None
    groups = {}
    for name, found in parsed.items():
        group = groups[name] = Group(path, name, found.line)
        for key, value in found.values.items():
            group.add(found.lines[key], key, _unescaped(value))
    return groups


def _unescaped(value: str) -> str:
    """As GLib reads it. Escapes that it doesn't know stay: `\\;` in lists, and those in nobody's keys."""
    return _ESCAPE.sub(lambda escape: ESCAPES.get(escape[1], escape[0]), value)


def _yaml(text: str, path: Path) -> dict[str, Group]:
    parser = YAML(typ="safe", pure=True)
    parser.max_depth = DEEPEST
    parser.composer.warn_double_anchors = False
    try:
        root = parser.compose(without_directive(text))
    except MarkedYAMLError as error:
        line, _, message = explain_syntax(error)
        raise ImportMistakeError([Remark(str(path), line, message)]) from None
    except YAMLError:
        raise ImportMistakeError([Remark(str(path), 0, "has a character that can't stand in YAML")]) from None
    if root is None:
        return {}
    if not isinstance(root, MappingNode):
        raise ImportMistakeError([Remark(str(path), 1, "no mapping of groups")])
    groups: dict[str, Group] = {}
    for name, node in _pairs(root):
        group = groups.setdefault(name, Group(path, name, _line(node)))
        for key, value in _pairs(node) if isinstance(node, MappingNode) else ():
            group.add(_line(value), key, _flat(value))
    return groups


def _pairs(node: MappingNode) -> Iterator[tuple[str, Node]]:
    return ((str(key.value), value) for key, value in node.value if isinstance(key, ScalarNode))


def _flat(node: Node) -> str:
    """A scalar's text; a list's items with `;` between them, as INI has lists."""
    if isinstance(node, SequenceNode):
        return ";".join(str(item.value) for item in node.value if isinstance(item, ScalarNode))
    return str(node.value) if isinstance(node, ScalarNode) else ""


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
