"""Values of entries: numbers, booleans, lists. A value that is none is a mistake, named with its line."""

from __future__ import annotations

import math
import re
from pathlib import Path

from camwire.deepstream.importing.documents import Entry
from camwire.deepstream.importing.remarks import Remark

LONGEST_SHOWN = 60
"""Characters of a value in a message."""
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,18}(?!\S)")
"""Longer digits would be slow to read, and mean nothing."""
_SEPARATOR = re.compile(r"(?<!\\);")
BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class ValueMistakeError(Exception):
    """An entry's value can't be read."""

    def __init__(self, entry: Entry, expected: str) -> None:
        # An address may hold a password, and a piece of one isn't recognised as such any more.
        shown = "the value" if "@" in entry.text or "://" in entry.text else repr(entry.text[:LONGEST_SHOWN])
        self.remark: Remark = entry.remark(f"{shown} is no {expected}")
        super().__init__(str(self.remark))


def boolean(entry: Entry | None, default: bool) -> bool:
    if entry is None:
        return default
    if entry.text.lower() not in BOOLEANS:
        raise ValueMistakeError(entry, "boolean; allowed are 0 and 1")
    return BOOLEANS[entry.text.lower()]


def integer(entry: Entry) -> int:
    return _integer(entry, entry.text)


def number(entry: Entry) -> float:
    try:
        value = float(entry.text)
    except ValueError:
        raise ValueMistakeError(entry, "number") from None
    if not math.isfinite(value):
        raise ValueMistakeError(entry, "finite number")
    return value


def integers(entry: Entry) -> list[int]:
    return [_integer(entry, item) for item in texts(entry)]


def texts(entry: Entry) -> list[str]:
    """The items of a list; blank ones are left out. A semicolon that belongs to an item is written `\\;`."""
    items = (item.replace("\\;", ";").strip() for item in _SEPARATOR.split(entry.text))
    return [item for item in items if item]


def path(entry: Entry) -> Path:
    """A file's path. Raises ValueMistakeError where it can't be one."""
    if "\0" in entry.text:
        raise ValueMistakeError(entry, "file's name")
    return entry.path()


def _integer(entry: Entry, text: str) -> int:
    """As GLib reads it, which looks no further than the first blank: a comment may stand behind."""
    number = _INTEGER.match(text)
    if number is None:
        raise ValueMistakeError(entry, "whole number")
    return int(number[0])
