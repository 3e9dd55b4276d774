"""nvdsanalytics' file, written from camwire's rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from camwire.config.rules import DirectionRule, LineRule, Rule, ZoneRule
from camwire.deepstream.files.keyfile import KeyValue, is_key, key_file
from camwire.frames import Size
from camwire.pipeline.selection import class_index

ALL_CLASSES = -1
WINDOW_MS = 50
"""`obj-cnt-win-in-ms`; it is also the length of DeepStream's tracks in pictures."""
ARROW = 100.0
"""Pixels: the length of the arrow that says which side of a line is in."""
SEPARATOR = ";"
"""Of lists, which labels become parts of."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file and what of the rules it can't say."""

    text: str
    left_out: tuple[str, ...]
    """In words, one for each rule or part of it."""


def analytics_file(
    rules: Sequence[Rule], names: Sequence[str], pads: Mapping[str, int], picture: Size
) -> Written:
    """Zones become ROIs, or overcrowding ROIs; lines and directions what they are.

    ``names``: the model's classes; ``pads``: each camera's place in the muxer; ``picture``: the size in which
    the rules' pixels count. DeepStream has one list of classes for all shapes of a kind and camera; where
    rules differ in it, those after the first are left out. Raises ModelError for an unknown class.
    """
    groups: dict[str, dict[str, KeyValue]] = {
        "property": {
            "enable": 1,
            "config-width": picture.width,
            "config-height": picture.height,
            "osd-mode": 2,
            "obj-cnt-win-in-ms": WINDOW_MS,
        }
    }
    left_out: dict[str, None] = {}
    for camera, pad in sorted(pads.items(), key=lambda item: item[1]):
        for rule in rules:
            if rule.applies_to(camera):
                left_out.update(dict.fromkeys(_add(groups, rule, names, pad, picture)))
    text = key_file(groups, "nvdsanalytics: the rules. Written by camwire.")
    return Written(text, tuple(left_out))


def _add(
    groups: dict[str, dict[str, KeyValue]], rule: Rule, names: Sequence[str], pad: int, picture: Size
) -> list[str]:
    """Put a rule into its group; returns what can't be said."""
    shape = _shape(rule, picture)
    if shape is None:
        return [f"rule {rule.name!r}: DeepStream has nothing like `{rule.type}`"]
    kind, key, coordinates, options = shape
    if not is_key(f"{key}{rule.name}") or SEPARATOR in rule.name:
        return [f"rule {rule.name!r}: its name can't be a label in DeepStream's file"]
    classes = _classes(rule, names)
    group = groups.setdefault(f"{kind}-stream-{pad}", {"enable": 1, "class-id": classes, **options})
    settings = {name: group[name] for name in ("enable", "class-id", *options)}
    if settings != {"enable": 1, "class-id": classes, **options}:
        return [
            f"rule {rule.name!r}: DeepStream has one `class-id` and threshold for all of {kind}-stream-{pad}"
        ]
    group[f"{key}{rule.name}"] = coordinates
    return list(_beyond(rule))


_Shape = tuple[str, str, tuple[int, ...], dict[str, KeyValue]]
"""A group's name, the beginning of the key, the coordinates, the group's own settings."""


def _shape(rule: Rule, picture: Size) -> _Shape | None:
    if isinstance(rule, ZoneRule):
        corners = _whole(rule.placed(rule.polygon, picture))
        if rule.overcrowding is None:
            return "roi-filtering", "roi-", corners, {"inverse-roi": 0}
        return "overcrowding", "roi-", corners, {"object-threshold": rule.overcrowding.objects}
    if isinstance(rule, LineRule):
        start, end = rule.placed((rule.start, rule.end), picture)
        options: dict[str, KeyValue] = {"extended": rule.infinite, "mode": "balanced"}
        return "line-crossing", "line-crossing-", _whole([*_inward(start, end), start, end]), options
    if isinstance(rule, DirectionRule):
        start, end = rule.placed((rule.start, rule.end), picture)
        return "direction-detection", "direction-", _whole((start, end)), {}
    return None


def _inward(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """An arrow through the line's middle from its left to its right, which is in.

    Coordinates are 0 or more in DeepStream's files, so an arrow at the edge is moved into the picture; only
    its direction counts.
    """
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    along = end[0] - start[0], end[1] - start[1]
    length = (along[0] ** 2 + along[1] ** 2) ** 0.5
    across = -along[1] / length * ARROW, along[0] / length * ARROW
    back = max(0.0, across[0] / 2 - x, -across[0] / 2 - x), max(0.0, across[1] / 2 - y, -across[1] / 2 - y)
    return [
        (x - across[0] / 2 + back[0], y - across[1] / 2 + back[1]),
        (x + across[0] / 2 + back[0], y + across[1] / 2 + back[1]),
    ]


def _whole(points: Iterable[tuple[float, float]]) -> tuple[int, ...]:
    return tuple(round(value) for point in points for value in point)


def _classes(rule: Rule, names: Sequence[str]) -> tuple[int, ...]:
    if rule.classes is None:
        return (ALL_CLASSES,)
    return tuple(sorted(class_index(names, name, f"rule {rule.name!r}") for name in rule.classes))


def _beyond(rule: Rule) -> Iterable[str]:
    """What a rule that is written says besides."""
    if isinstance(rule, ZoneRule) and rule.loitering is not None:
        yield f"rule {rule.name!r}: DeepStream has no loitering"
    if isinstance(rule, ZoneRule) and rule.overcrowding is not None and rule.overcrowding.seconds:
        yield f"rule {rule.name!r}: DeepStream has no `seconds` in overcrowding"
    if isinstance(rule, ZoneRule) and rule.overcrowding is not None and rule.overcrowding.until is not None:
        yield f"rule {rule.name!r}: DeepStream has no `until` in overcrowding"
    if isinstance(rule, LineRule):
        yield f"rule {rule.name!r}: DeepStream counts each object once at a line, and only inwards"
    if rule.anchor != "bottom_centre" and not isinstance(rule, DirectionRule):
        yield f"rule {rule.name!r}: DeepStream looks at the bottom centre of a box"
