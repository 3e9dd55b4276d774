"""Which rules are others under a new name."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def successors(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """By name of a rule before: its name now, where it is still the same. Both are what rules are, by name.

    A rule of another name is taken for one that is gone where they are the same and no third rule is, so that
    there is no doubt: it was renamed.
    """
    same = {name: name for name, mark in before.items() if now.get(name) == mark}
    gone, new = _by_mark(before, same), _by_mark(now, same)
    return same | {
        names[0]: new[mark][0] for mark, names in gone.items() if len(names) == len(new.get(mark, ())) == 1
    }


def _by_mark(marks: Mapping[str, str], without: Collection[str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, mark in marks.items():
        if name not in without:
            names.setdefault(mark, []).append(name)
    return names
