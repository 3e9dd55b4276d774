"""What a configuration's fields take, in words: for messages and for the manual."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from camwire.config.root import Config
from camwire.config.rules import RULE_MODELS
from camwire.config.secrets import SecretUrl
from camwire.config.tree import Path
from camwire.frames import Size


def model_at(path: Path, root: Any = Config) -> type[BaseModel] | None:
    """The model whose keys stand under ``path``, from ``root`` on; None where there is none."""
    annotation = annotation_at(path, root)
    return annotation if _is_model(annotation) else None


def annotation_at(path: Path, root: Any = Config) -> Any:
    """What stands at ``path``, from ``root`` on; None where nothing does."""
    annotation: Any = root
    for step in path:
        annotation = _inner(annotation, step)
        if annotation is None:
            return None
    return without_none(annotation)


def field_at(path: Path, root: Any = Config) -> FieldInfo | None:
    """The field that ``path`` leads to; None for a list's item or an unknown key."""
    if not path or not isinstance(path[-1], str):
        return None
    model = model_at(path[:-1], root)
    return model.model_fields.get(path[-1]) if model is not None else None


def _inner(annotation: Any, step: str | int) -> Any:
    annotation = without_none(annotation)
    if isinstance(step, int):
        return get_args(annotation)[0] if get_origin(annotation) is tuple else None
    if not _is_model(annotation) or step not in annotation.model_fields:
        return None
    return annotation.model_fields[step].annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def without_none(annotation: Any) -> Any:
    """X for `X | None`, and any other annotation as it is."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(option for option in get_args(annotation) if option is not NoneType)
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def allowed(annotation: Any, field: FieldInfo | None = None) -> str:
    """What an annotation takes, for example `a whole number, 0 to 65535`."""
    annotation = without_none(annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(map(str, choices(annotation)))
    if get_origin(annotation) is tuple:
        return f"a list; each item {allowed(get_args(annotation)[0])}"
    if get_origin(annotation) in (Union, UnionType):
        return f"a section with a `type`: {', '.join(RULE_MODELS)}"
    if annotation is Size:
        return "WIDTHxHEIGHT in pixels, for example 1280x720"
    if _is_model(annotation):
        return f"a section with the keys {', '.join(annotation.model_fields)}"
    words = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        SecretUrl: "a URL or a file's path",
        SecretStr: "text",
    }[annotation]
    if annotation is SecretStr and field is not None:
        shortest = next((item.min_length for item in field.metadata if hasattr(item, "min_length")), 1)
        return f"text of {shortest} characters at least"
    bounds = bounds_of(field) if field is not None else ""
    return f"{words}, {bounds}" if bounds else words


def bounds_of(field: FieldInfo) -> str:
    """`0 to 65535`, `at least 0`, `more than 0, at most 180`, or nothing."""
    bounds = {
        name: getattr(item, name)
        for item in _constraints(field)
        for name in ("ge", "gt", "le", "lt")
        if getattr(item, name, None) is not None
    }
    if "gt" not in bounds and "lt" not in bounds and len(bounds) == 2:
        return f"{bounds['ge']} to {bounds['le']}"
    words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
    if "gt" in bounds:
        bounds.pop("ge", None)  # of the type: a number of seconds is at least 0
    if "lt" in bounds:
        bounds.pop("le", None)
    return ", ".join(f"{word} {bounds[name]}" for name, word in words.items() if name in bounds)


def _constraints(field: FieldInfo) -> list[Any]:
    """A field's own, and those of the X in `X | None`, which pydantic leaves where they are."""
    found = list(field.metadata)
    for option in get_args(field.annotation) if get_origin(field.annotation) in (Union, UnionType) else ():
        if get_origin(option) is Annotated:
            inner = [item.metadata if isinstance(item, FieldInfo) else [item] for item in option.__metadata__]
            found += [constraint for items in inner for constraint in items]
    return found


def choices(annotation: Any) -> tuple[str, ...]:
    """A Literal's values; empty for other annotations."""
    annotation = without_none(annotation)
    return tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()
