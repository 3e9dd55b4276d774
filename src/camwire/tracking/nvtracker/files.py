"""DeepStream's low-level tracker files, as they are."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from enum import IntEnum
from math import isfinite
from pathlib import Path
from typing import Any, get_type_hints

import structlog
from ruamel.yaml import YAML
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError

from camwire.tracking.nvtracker.parameters import NvTrackerParameters, key_of, sections
from camwire.tracking.nvtracker.visual import SIZES

log = structlog.get_logger(__name__)

LEVEL = "featureImgSizeLevel"
PADDING = "searchRegionPaddingScale"
POSITIVE = frozenset({"measurementNoiseVar4Detector", "gaussianSigma"})
"""What a filter divides by."""
NOT_NEGATIVE = frozenset(
    {
        "processNoiseVar4Loc",
        "processNoiseVar4Size",
        "processNoiseVar4Vel",
        "measurementNoiseVar4Tracker",
        PADDING,
    }
)
DEEPEST = 20
"""Sections hold keys and these values: deeper nesting is no tracker file."""

OLD_SECTION = "NvDCF"
"""In DeepStream 5 one section held every key."""
_DIRECTIVE = re.compile(r"(?P<before>(?:[ \r]*(?:#[^\n]*)?\n)*)%YAML[^\n]*")
"""DeepStream's files begin with %YAML:1.0, before which comments may stand; YAML itself doesn't allow it."""


class TrackerFileError(ValueError):
    """A low-level tracker file can't be used; says where and why."""


class UnsupportedError(TrackerFileError):
    """DeepStream's tracker can use the file, and camwire's can't: it names modules that don't exist here."""


@dataclass(frozen=True, slots=True)
class TrackerFile:
    """What a file says."""

    parameters: NvTrackerParameters
    ignored: tuple[str, ...]
    """Keys that have no meaning here, as section.key."""


def load(path: Path) -> NvTrackerParameters:
    """The file's parameters; what it leaves out has DeepStream's defaults.

    Logs one warning that names the keys which have no meaning here. Raises TrackerFileError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrackerFileError(f"{path}: {getattr(error, 'strerror', None) or 'no text'}") from None
    file = parse(text, str(path))
    if file.ignored:
        log.warning("keys without a meaning here are ignored", file=str(path), keys=list(file.ignored))
    return file.parameters


def parse(text: str, name: str) -> TrackerFile:
    """Read the text of the file called ``name``. Raises TrackerFileError."""
    parser = YAML(typ="rt", pure=True)  # which knows the lines
    parser.max_depth = DEEPEST
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML allows it
            document = parser.load(without_directive(text))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise TrackerFileError(f"{place}: {getattr(error, 'problem', None) or 'no YAML'}") from None
    except RecursionError:
        raise TrackerFileError(f"{name}: nested too deeply") from None
    if not isinstance(document, Mapping) or not set(document) & set(sections()):
        expected = ", ".join(sections())
        if isinstance(document, Mapping) and OLD_SECTION in document:
            raise UnsupportedError(f"{name}: in the form of DeepStream 5; expected sections like {expected}")
        raise TrackerFileError(f"{name}: no low-level tracker file; expected sections like {expected}")
    ignored: list[str] = []
    values = {}
    for section, (field, kind) in sections().items():
        values[field] = _section(document.get(section) or {}, section, kind, name, ignored)
    ignored += [str(section) for section in document if section not in sections()]
    parameters = _with_padding(NvTrackerParameters(**values), document, name)
    return TrackerFile(parameters, tuple(ignored))


def _line(content: Any, key: str) -> str:
    """`:12`, where the key stands."""
    position = getattr(content, "lc", None)
    return f":{position.key(key)[0] + 1}" if position is not None else ""


def without_directive(text: str) -> str:
    """The same number of lines, without a byte order mark and a %YAML line before the document."""
    text = text.removeprefix("\ufeff")
    directive = _DIRECTIVE.match(text)
    return directive["before"] + text[directive.end() :] if directive else text


def _section(content: Any, section: str, kind: Any, name: str, ignored: list[str]) -> Any:
    if not isinstance(content, Mapping):
        raise TrackerFileError(f"{name}: {section} has to be a mapping of keys to values")
    hints = get_type_hints(kind)
    field_of = {key_of(field.name): field.name for field in fields(kind)}
    values = {}
    for key, value in content.items():
        if key in field_of:
            wanted = hints[field_of[key]]
            place = f"{name}{_line(content, key)}: {section}.{key}"
            values[field_of[key]] = _value(value, wanted, key, place)
        elif (section, key) != ("TargetManagement", PADDING):
            ignored.append(f"{section}.{key}{_hint(str(key), field_of)}")
    result = kind(**values)
    _check(result, section, f"{name}{_line(content, LEVEL) if LEVEL in content else ''}")
    return result


def _with_padding(of: NvTrackerParameters, document: Any, name: str) -> NvTrackerParameters:
    """With the one key that may stand in either of two sections; the visual tracker's own goes before."""
    content = document.get("TargetManagement") or {}
    if PADDING not in content or PADDING in (document.get("VisualTracker") or {}):
        return of
    place = f"{name}{_line(content, PADDING)}: TargetManagement.{PADDING}"
    scale = _value(content[PADDING], float, PADDING, place)
    return replace(of, visual_tracker=replace(of.visual_tracker, search_region_padding_scale=scale))


def _value(value: Any, wanted: Any, key: str, place: str) -> Any:
    """The value as the wanted type; booleans are 0 and 1 in these files."""
    if not isinstance(value, int | float) or not isfinite(value) or (wanted is int and value != int(value)):
        raise TrackerFileError(f"{place}: {value!r} is no {'whole ' if wanted is int else ''}number")
    if wanted is bool and value not in (0, 1):
        raise TrackerFileError(f"{place}: {value!r}; allowed are 0 and 1")
    if issubclass(wanted, IntEnum) and value not in set(wanted):
        allowed = ", ".join(f"{int(choice)} ({choice.name.lower()})" for choice in wanted)
        raise UnsupportedError(f"{place}: {value!r} names nothing that exists here; allowed are {allowed}")
    if key in POSITIVE and value <= 0:
        raise TrackerFileError(f"{place}: {value!r}; it has to be more than 0")
    if key in NOT_NEGATIVE and value < 0:
        raise TrackerFileError(f"{place}: {value!r}; it has to be 0 or more")
    return wanted(value)


def _check(section: Any, title: str, name: str) -> None:
    level = getattr(section, "feature_img_size_level", 1)
    if not 1 <= level <= len(SIZES):
        raise TrackerFileError(f"{name}: {title}.{LEVEL}: {level}; allowed are 1 to {len(SIZES)}")


def _hint(key: str, known: Mapping[str, str]) -> str:
    close = get_close_matches(key, known, 1, cutoff=0.85)
    return f" (did you mean {close[0]}?)" if close else ""
