"""Rules that don't fit: found in the file's own values, so that each is told with its place, whatever else is
wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from camwire.config.coco import COCO_CLASSES
from camwire.config.detection import BUNDLED_MODEL
from camwire.config.secrets import redact
from camwire.config.tree import Path, Tree

_Placed = tuple[Path, dict[str, Any]]
"""A rule and where it stands."""
_LONGEST_SHOWN = 60


def find_unfit_rules(tree: Tree) -> None:
    """Add a problem for each name that is taken, each camera that isn't there and each unknown class."""
    rules: list[_Placed] = [
        (("rules", index), rule) for index, rule in enumerate(_list(tree, "rules")) if isinstance(rule, dict)
    ]
    _find_taken_names(tree, rules)
    cameras = [camera.get("id") for camera in _list(tree, "cameras") if isinstance(camera, dict)]
    known = [camera for camera in cameras if isinstance(camera, str)]
    for path, camera in _texts(rules, "cameras"):
        if camera not in known:
            tree.add_problem(
                tree.mark_of(path), f"there is no camera {_shown(camera)}{_meant(camera, known)}"
            )
    classes = _classes(tree)
    for path, name in _texts(rules, "classes"):
        if classes is not None and name not in classes:
            message = f"the model knows no class {_shown(name)}{_meant(name, classes)}"
            tree.add_problem(tree.mark_of(path), message)


def _find_taken_names(tree: Tree, rules: list[_Placed]) -> None:
    first_lines: dict[str, int] = {}
    for path, rule in rules:
        name = rule.get("name")
        if not isinstance(name, str):
            continue
        mark = tree.mark_of((*path, "name"))
        if name in first_lines:
            line = first_lines[name]
            message = f"the name {_shown(name)} is taken by the rule on line {line}; names are unique"
            tree.add_problem(mark, message)
        else:
            first_lines[name] = mark.line


def _list(tree: Tree, key: str) -> list[Any]:
    values = tree.data.get(key) if isinstance(tree.data, dict) else None
    return values if isinstance(values, list) else []


def _texts(rules: list[_Placed], key: str) -> Iterator[tuple[Path, str]]:
    """Each text in the rules' lists ``key``, with its place."""
    for path, rule in rules:
        values = rule.get(key)
        for index, value in enumerate(values if isinstance(values, list) else ()):
            if isinstance(value, str):
                yield (*path, key, index), value


def _classes(tree: Tree) -> tuple[str, ...] | None:
    """Those of the model that comes with camwire; None where only the model's file can tell."""
    model = tree.data.get("model") if isinstance(tree.data, dict) else None
    if not isinstance(model, dict):
        return COCO_CLASSES
    bundled = model.get("file", BUNDLED_MODEL) == BUNDLED_MODEL and model.get("labels") is None
    return COCO_CLASSES if bundled else None


def _meant(value: str, known: Sequence[str]) -> str:
    close = get_close_matches(value, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _shown(text: str) -> str:
    shown = redact(text)
    return repr(shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…")
