"""A model's validation errors in words that help: what is wrong, what is allowed, what was perhaps meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from camwire.config.fields import allowed, annotation_at, bounds_of, choices, field_at, model_at, without_none
from camwire.config.root import DUPLICATE_ID, UNFIT_RULE, Config
from camwire.config.rules import RULE_MODELS
from camwire.config.secrets import redact
from camwire.config.tree import Path, Tree

_LONGEST_SHOWN = 60
_OUT_OF_BOUNDS = {"greater_than_equal", "less_than_equal", "greater_than", "less_than"}


def explain(error: ValidationError, tree: Tree) -> None:
    """Add a problem to ``tree`` for each of the error's details."""
    for detail in error.errors(include_url=False):
        path = _known_path(detail["loc"], tree)
        if detail["type"] in (DUPLICATE_ID, UNFIT_RULE):
            continue  # find_duplicate_ids and find_unfit_rules say where
        if detail["type"] == "extra_forbidden":
            tree.add_problem(tree.mark_of(path, key=True), _unknown_key(path, tree))
        elif detail["type"] == "missing":
            tree.add_problem(tree.mark_of(path[:-1]), _missing(path, tree))
        elif path not in tree.unreadable:
            tree.add_problem(tree.mark_of(path), _wrong_value(path, detail, tree))


def find_duplicate_ids(tree: Tree) -> None:
    """Add a problem for each camera id that is taken already, whatever else is wrong."""
    cameras = tree.data.get("cameras") if isinstance(tree.data, dict) else None
    first_lines: dict[str, int] = {}
    for index, camera in enumerate(cameras if isinstance(cameras, list) else ()):
        camera_id = camera.get("id") if isinstance(camera, dict) else None
        if not isinstance(camera_id, str):
            continue
        mark = tree.mark_of(("cameras", index, "id"))
        if camera_id in first_lines:
            shown = _shown(camera_id, ("cameras", index, "id"), tree)
            line = first_lines[camera_id]
            tree.add_problem(mark, f"the id {shown} is taken by the camera on line {line}; ids are unique")
        else:
            first_lines[camera_id] = mark.line


def _known_path(location: tuple[int | str, ...], tree: Tree) -> Path:
    """The error's path, cut where it leads into parts of a value (a size's width)."""
    path: Path = location
    if path[:1] == ("rules",) and len(path) > 2 and path[2] in RULE_MODELS:
        path = (*path[:2], *path[3:])  # the kind of rule stands in the location, but not in the file
    while path and _field(path, tree) is None and path not in tree.values and path not in tree.keys:
        path = path[:-1]
    return path


def _within(path: Path, tree: Tree) -> tuple[Any, Path]:
    """The model to look a path up in, and the path in there: rules differ by their type."""
    if path[:1] == ("rules",) and len(path) > 1:
        rule = tree.value_at(path[:2])
        kind = rule.get("type") if isinstance(rule, dict) else None
        return RULE_MODELS.get(kind) if isinstance(kind, str) else None, path[2:]
    return Config, path


def _field(path: Path, tree: Tree) -> FieldInfo | None:
    root, inner = _within(path, tree)
    return field_at(inner, root)


def _unknown_key(path: Path, tree: Tree) -> str:
    key = str(path[-1])
    root, inner = _within(path, tree)
    model = model_at(inner[:-1], root)
    known = list(model.model_fields) if model is not None else []
    message = f"unknown key {_quoted(key)}; allowed: {', '.join(known)}"
    if close := get_close_matches(key, known, n=1):
        return f"{message}; did you mean {close[0]}?"
    for section in Config.model_fields:
        if field_at((section, key)) is not None:
            return f"{message}; did you mean {section}.{key}?"
    return message


def _missing(path: Path, tree: Tree) -> str:
    field = _field(path, tree)
    what = allowed(field.annotation, field) if field is not None else "a value"
    return f"{_name(path)} is missing; it is {what}"


def _wrong_value(path: Path, detail: ErrorDetails, tree: Tree) -> str:
    if detail["type"] == "value_error":
        return f"{_name(path)}: {detail['ctx']['error']}"
    if detail["type"].startswith("rule_"):
        return f"{_name(path)}: {detail['msg']}"
    field = _field(path, tree)
    annotation: Any = field.annotation if field is not None else _item_annotation(path, tree)
    out_of_bounds = field is not None and detail["type"] in _OUT_OF_BOUNDS
    what = bounds_of(field) if field is not None and out_of_bounds else allowed(annotation, field)
    if field is None and detail["type"] == "greater_than_equal":
        what = f"{what}, at least {detail['ctx']['ge']:g}"
    if without_none(annotation) is SecretStr:
        return f"{_name(path)} is not what it should be (it is not shown); allowed: {what}, in quotes"
    if detail["type"] in ("too_short", "too_long"):
        least_or_most = "at most" if detail["type"] == "too_long" else "at least"
        length = detail["ctx"].get("max_length", detail["ctx"].get("min_length"))
        return f"{_name(path)} has {detail['ctx']['actual_length']} items; allowed: {least_or_most} {length}"
    value = tree.value_at(path)
    message = f"{_name(path)} is {_shown(value, path, tree)}; allowed: {what}"
    if without_none(annotation) is str and isinstance(value, int | float):
        return f"{message}; put it in quotes to make it text"
    close = get_close_matches(str(value), choices(annotation), n=1)
    return f"{message}; did you mean {close[0]}?" if close else message


def _item_annotation(path: Path, tree: Tree) -> Any:
    root, inner = _within(path, tree)
    annotation = annotation_at(inner, root)
    return annotation if annotation is not None else str


def _name(path: Path) -> str:
    """`port`; `cameras[1]` for a list's item; `the file` for the whole."""
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"{_name(path[:-1])}[{path[-1]}]"
    return path[-1]


def _shown(value: object, path: Path, tree: Tree) -> str:
    """A value for a message: no secret, no line breaks, not too long."""
    if path in tree.from_environment:
        return "not what it should be (its value comes from the environment)"
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return _quoted(value) if isinstance(value, str) else str(value)[:_LONGEST_SHOWN]


def _quoted(text: str) -> str:
    shown = redact(text)
    return repr(shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…")
