"""Key files: groups of keys and values, as GLib writes and reads them."""

from __future__ import annotations

from collections.abc import Mapping

KeyValue = bool | int | float | str | tuple[int | float | str, ...]
"""A tuple is a list; its items are kept apart by semicolons."""
Groups = Mapping[str, Mapping[str, KeyValue]]


class KeyFileError(ValueError):
    """A name or a value can't stand in a key file."""


def key_file(groups: Groups, introduction: str) -> str:
    """The file's text; ``introduction`` is a comment at its beginning.

    Raises KeyFileError for names and values that would be read as something else.
    """
    lines = [f"# {line}" for line in introduction.splitlines()]
    for group, values in groups.items():
        lines += ["", f"[{_name(group, '[]')}]"]
        lines += [f"{_name(key, '=#[]')}={_text(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def is_key(name: str) -> bool:
    """Whether a key can have this name."""
    return _is_name(name, "=#[]")


def _name(name: str, forbidden: str) -> str:
    if not _is_name(name, forbidden):
        raise KeyFileError(
            f"{name!r} can't be a name in DeepStream's files: it is empty, has one of {forbidden} or a "
            "character that isn't printed, or begins or ends with a blank"
        )
    return name


def _is_name(name: str, forbidden: str) -> bool:
    printable = all(one not in forbidden and one.isprintable() for one in name)
    return bool(name) and name == name.strip() and printable


def _text(value: KeyValue) -> str:
    if isinstance(value, tuple):
        return ";".join(_one(item, within_list=True) for item in value)
    return _one(value, within_list=False)


def _one(value: bool | int | float | str, *, within_list: bool) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, str):
        return repr(value)
    if value != value.strip() or not value.isprintable() or "\\" in value or (within_list and ";" in value):
        raise KeyFileError(f"{value!r} can't stand in DeepStream's files")
    return value
