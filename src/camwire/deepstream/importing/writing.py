"""A draft as YAML, with its remarks as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from camwire.deepstream.importing.draft import HEAD, Draft, Value
from camwire.deepstream.importing.remarks import Remark

INTRODUCTION = (
    "Imported from DeepStream's files by `camwire import-deepstream`.",
    "What has no counterpart, or means something else here, stands in comments with its file and line.",
)
SECTIONS = ("deepstream", "model", "tracker", "analytics", "output", "overlay")

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_/-]*(\.[A-Za-z0-9_/-]+)*")
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def written(draft: Draft) -> str:
    """The configuration's text."""
    lines = [*(f"# {line}" for line in INTRODUCTION), *_comments(draft.remarks[HEAD], ""), ""]
    for key, value in draft.top.items():
        lines += [f"{key}: {_scalar(value)}", ""]
    lines += ["cameras:" if draft.cameras else "cameras: [] # no source was found: add cameras here"]
    for camera in draft.cameras:
        lines += _comments(camera.remarks, "  ")
        lines += _item(camera.values)
    for section in SECTIONS:
        lines += _section(section, draft.sections[section], draft.remarks[section])
    return "\n".join(lines) + "\n"


def _section(name: str, values: Mapping[str, Value], remarks: Iterable[Remark]) -> Iterator[str]:
    comments = list(_comments(remarks, ""))
    if not values and not comments:
        return
    yield ""
    yield from comments
    if not values:
        return
    yield f"{name}:"
    for key, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"  {key}:"
            yield from (f"    - {_flow(item)}" for item in value)
        else:
            yield f"  {key}: {_flow(value)}"


def _item(values: Mapping[str, Value]) -> Iterator[str]:
    for position, (key, value) in enumerate(values.items()):
        yield f"  {'  ' if position else '- '}{key}: {_scalar(value)}"


def _comments(remarks: Iterable[Remark], indent: str) -> Iterator[str]:
    for remark in remarks:
        yield f"{indent}# {''.join(sign if sign.isprintable() else '?' for sign in str(remark))}"


def _flow(value: Value) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
    return _scalar(value)


def _scalar(value: Value) -> str:
    if isinstance(value, str):
        text = value.replace("$", "$$")  # ${NAME} would be a variable of the environment
        return text if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED else _quoted(text)
    return json.dumps(value)


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in quoted)
