"""DeepStream's rules as camwire's own: what comes nearest, and what there is no counterpart for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from camwire.analytics.nvdsanalytics.settings import (
    Direction,
    Entry,
    Line,
    Mode,
    Overcrowding,
    Point,
    Roi,
    Settings,
    StreamSettings,
)
from camwire.config.rules import LONGEST_NAME, Rule

Fractions = list[float]

_rule: TypeAdapter[Rule] = TypeAdapter(Rule)


def proposals(
    settings: Settings, stream: int, camera: str, class_names: Sequence[str] | None, taken: Collection[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Settings of rules for the camera, in fractions of its picture, and notes for people.

    ``class_names`` are the model's, by class id; None where they aren't known. ``taken``: names that other
    rules have.
    """
    if stream not in settings.streams:
        known = ", ".join(str(number) for number in sorted(settings.streams)) or "none"
        return [], [f"the file has nothing for stream {stream}; it has: {known}"]
    proposer = _Proposer(settings.streams[stream], camera, class_names, set(taken))
    if not settings.enabled:
        proposer.notes.append(
            "the file as a whole is switched off (enable=0); its rules are proposed all the same"
        )
    rules = list(proposer.rules())
    return rules, proposer.notes


@dataclass(slots=True)
class _Proposer:
    stream: StreamSettings
    camera: str
    class_names: Sequence[str] | None
    taken: set[str]
    notes: list[str] = field(default_factory=list)

    def rules(self) -> Iterator[dict[str, Any]]:
        stream = self.stream
        for entry in (*stream.rois, *stream.overcrowdings, *stream.lines, *stream.directions):
            if (rule := self._rule(entry)) is not None:
                yield rule

    def _rule(self, entry: Entry) -> dict[str, Any] | None:
        own: dict[str, Any]
        match entry:
            case Roi(inverse=True):
                self.notes.append(f"{entry.label}: a zone that means what is outside it has no counterpart")
                return None
            case Roi():
                own = {"type": "zone", "polygon": self._points(entry, entry.polygon)}
            case Overcrowding():
                crowd = {"objects": max(entry.threshold, 1)}
                own = {"type": "zone", "polygon": self._points(entry, entry.polygon), "overcrowding": crowd}
            case Line():
                own = self._line(entry)
            case Direction():
                start, end = self._points(entry, entry.arrow)
                own = {"type": "direction", "start": start, "end": end}
            case _:
                return None
        return self._checked(entry, own)

    def _line(self, line: Line) -> dict[str, Any]:
        """`in` is the arrow's way over it."""
        if line.mode is not Mode.LOOSE:
            self.notes.append(
                f"{line.label}: mode {line.mode.value} has no counterpart; a band around the line keeps "
                "jitter from counting instead"
            )
        start, end = self._points(line, line.ends if _leads_in(line) else line.ends[::-1])
        return {"type": "line", "start": start, "end": end, "infinite": line.extended}

    def _points(self, entry: Entry, points: Sequence[Point]) -> list[Fractions]:
        size = max(self.stream.width, 1), max(self.stream.height, 1)
        fractions = [
            [round(value / side, 6) for value, side in zip(point, size, strict=True)] for point in points
        ]
        if any(value > 1 for point in fractions for value in point):
            self.notes.append(f"{entry.label}: points outside the picture are moved to its edge")
        return [[min(value, 1.0) for value in point] for point in fractions]

    def _checked(self, entry: Entry, own: dict[str, Any]) -> dict[str, Any] | None:
        """The whole rule, where camwire's own checks take it."""
        name = self._name(entry.label)
        rule = {"name": name, "cameras": [self.camera], **own}
        if classes := self._classes(entry):
            rule["classes"] = classes
        if not entry.enabled:
            rule["enabled"] = False
        try:
            _rule.validate_python(rule)
        except ValidationError as error:
            self.notes.append(f"{entry.label}: left out: {error.errors()[0]['msg']}")
            return None
        self.taken.add(name)
        return rule

    def _classes(self, entry: Entry) -> list[str]:
        """Names of the classes that it is for; empty for all."""
        if entry.applies_to(-1):
            return []
        known = self.class_names or ()
        names = [known[number] for number in entry.classes if 0 <= number < len(known)]
        if len(names) < len(entry.classes):
            unknown = [str(number) for number in entry.classes if not 0 <= number < len(known)]
            why = (
                "the model has no such classes"
                if self.class_names
                else "the model's classes aren't known here"
            )
            otherwise = "" if names else "; so the rule is for every class"
            self.notes.append(f"{entry.label}: classes {', '.join(unknown)} are left out: {why}{otherwise}")
        return names

    def _name(self, label: str) -> str:
        name = wanted = label[:LONGEST_NAME] or "rule"
        number = 1
        while name in self.taken:
            number += 1
            name = f"{wanted[: LONGEST_NAME - 8]} {number}"
        if number > 1:
            self.notes.append(f"{label}: the name is taken; {name!r} is proposed")
        return name


def _leads_in(line: Line) -> bool:
    """Whether the arrow leads from the line's left to its right, seen from its first end to its second."""
    (x1, y1), (x2, y2) = line.ends
    (ax1, ay1), (ax2, ay2) = line.arrow
    return (x2 - x1) * (ay2 - ay1) - (y2 - y1) * (ax2 - ax1) >= 0
