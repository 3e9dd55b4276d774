"""Key files (INI) as GLib reads them, because DeepStream reads its files with GLib.

The rules are those of GLib's ``GKeyFile`` with ``G_KEY_FILE_NONE`` and the list separator ``;``
(https://docs.gtk.org/glib/struct.KeyFile.html); what the documentation leaves open was measured on 2.74:

- a repeated group continues the first; a repeated key is listed twice, and both read the last value;
- only ``#`` begins a comment, and only at the beginning of a line;
- blanks before a value are dropped, blanks after it are kept: ``1;2; `` is a list of three, the last one 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

BLANKS = " \t\n\f\r"
"""What GLib takes for white space; the vertical tab isn't."""

BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}

_GROUP = re.compile(r"\[([^\]]*)\][ \t]*")
_KEY = re.compile(r"(?! )[^=\[\]]+(?<! )(?:\[(?P<language>[\w.@-]*)\])?")
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")
_LEADING_BLANK = re.compile(r"[ \t\n\v\f\r]")

MIN_INT, MAX_INT = -(2**31), 2**31 - 1


class KeyFileError(Exception):
    """The text is no key file, or a value is not what was asked for."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass(slots=True)
class Group:
    """A group's keys in file order and their values, still as written."""

    name: str
    line: int
    keys: list[str] = field(default_factory=list)
    """With repetitions."""
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def integer(self, key: str) -> int:
        return self._integer(key, self.values[key])

    def integers(self, key: str) -> list[int]:
        return [self._integer(key, item) for item in self._list(key)]

    def boolean(self, key: str) -> bool:
        value = self.values[key].rstrip(BLANKS)
        if value in BOOLEANS:
            return BOOLEANS[value]
        raise KeyFileError(
            self.lines[key], f"{key}: {value!r} is no boolean; allowed are true, false, 1 and 0"
        )

    def string(self, key: str) -> str:
        (value,) = self._split(key, separator="")
        return value

    def _integer(self, key: str, text: str) -> int:
        """As C's strtol reads it, which stops at the first blank behind the number."""
        number = _INTEGER.match(text)
        rest = text[number.end() :] if number else text
        if not text or (rest and rest[0] not in BLANKS):
            raise KeyFileError(self.lines[key], f"{key}: {text!r} is no whole number")
        value = int(number[1]) if number else 0
        if not MIN_INT <= value <= MAX_INT:
            raise KeyFileError(self.lines[key], f"{key}: {text!r} does not fit into 32 bits")
        return value

    def _list(self, key: str) -> list[str]:
        items = self._split(key, separator=";")
        return items if items[-1] else items[:-1]

    def _split(self, key: str, separator: str) -> list[str]:
        """The value with its escapes resolved, cut at each separator that isn't escaped."""
        items = [""]
        characters = iter(self.values[key])
        for character in characters:
            if character == "\\":
                items[-1] += self._escaped(key, next(characters, ""), separator)
            elif character == separator:
                items.append("")
            else:
                items[-1] += character
        return items

    def _escaped(self, key: str, character: str, separator: str) -> str:
        if character and character == separator:
            return character
        if character not in ESCAPES:
            what = f"the unknown escape '\\{character}'" if character else "a backslash at its end"
            raise KeyFileError(self.lines[key], f"{key}: the value has {what}; write '\\\\' for a backslash")
        return ESCAPES[character]


def parse_key_file(text: str) -> dict[str, Group]:
    """The groups by name, in file order. Raises KeyFileError where GLib refuses the text."""
    groups: dict[str, Group] = {}
    current: Group | None = None
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.removesuffix("\r").partition("\0")[0].lstrip(BLANKS)
        if not line or line[0] == "#":
            continue
        if heading := _GROUP.fullmatch(line):
            name = _group_name(heading[1], number)
            current = groups.setdefault(name, Group(name, number))
        elif "=" in line and line[0] != "=":
            if current is None:
                raise KeyFileError(number, "a key stands before the first [group]")
            _add(current, line, number, is_first=current is next(iter(groups.values())))
        else:
            raise KeyFileError(number, f"{line!r} is neither a [group] nor a key=value pair nor a # comment")
    return groups


def _group_name(name: str, line: int) -> str:
    if not name or "[" in name or any(character < " " or character == "\x7f" for character in name):
        raise KeyFileError(line, f"{name!r} can't be a group's name")
    return name


def _add(group: Group, line: str, number: int, is_first: bool) -> None:
    key, _, value = line.partition("=")
    key = key.rstrip(BLANKS)
    value = value.lstrip(BLANKS)
    if is_first and key == "Encoding" and value.lower() != "utf-8":
        raise KeyFileError(number, f"the encoding {value!r} is not supported; only UTF-8 is")
    parts = _KEY.fullmatch(key)
    if not parts:
        raise KeyFileError(number, f"{key!r} can't be a key's name")
    if parts["language"] not in (None, "", "C"):
        return  # A translation; GLib keeps only those of the language it runs in.
    group.keys.append(key)
    group.values[key] = value
    group.lines[key] = number
