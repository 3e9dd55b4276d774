"""A rule at a camera, many of them in tables, and their pairs with the objects of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from camwire.analytics.rules.events import Counts
from camwire.analytics.rules.moment import ANCHORS, Moment, class_name
from camwire.analytics.rules.objects import Fields, ObjectTable, PairState
from camwire.config.rules import AnchoredRule
from camwire.frames import Float64Array, Int64Array, Size

AnyRule = TypeVar("AnyRule", bound=AnchoredRule)


class Tally:
    """Counts of one rule at one camera."""

    def __init__(self, names: Sequence[str]) -> None:
        self._counts: Counts = {name: {} for name in names}

    def add(self, name: str, class_name: str, number: int = 1) -> None:
        counts = self._counts[name]
        counts[class_name] = counts.get(class_name, 0) + number
        if not counts[class_name]:
            del counts[class_name]

    def snapshot(self) -> Counts:
        return {name: dict(counts) for name, counts in self._counts.items()}

    def restore(self, counts: Counts) -> None:
        """Take the counts named over; others stay."""
        for name in counts.keys() & self._counts.keys():
            self._counts[name] = dict(counts[name])

    def clear(self, kept: Sequence[str]) -> None:
        for name in self._counts.keys() - set(kept):
            self._counts[name] = {}


@dataclass(slots=True)
class Instance(Generic[AnyRule]):
    """One rule at one camera."""

    rule: AnyRule
    order: int
    """Place among all rules of the configuration."""
    camera: int
    column: int
    """Place among the camera's rules of this kind."""
    size: Size
    """Of the camera's pictures."""
    tally: Tally


class Pairs(NamedTuple):
    """Objects of the batch with the rules that are for them; P pairs, by row, then by rule."""

    row: Int64Array
    instance: Int64Array
    cell: Int64Array
    """Where the pair's state is."""
    x: Float64Array
    """The object's anchor and ..."""
    y: Float64Array
    """... its y."""


class _Tables:
    """What selects objects for instances and finds their anchors and states."""

    def __init__(self) -> None:
        self.start = np.empty(0, np.int64)
        """[cameras] the first of the camera's instances, and ..."""
        self.count = np.empty(0, np.int64)
        """... how many there are."""

    def lay_out(self, instances: Sequence[Instance[Any]], class_names: Sequence[str]) -> None:
        self.camera = np.array([instance.camera for instance in instances], np.int64)
        self.column = np.array([instance.column for instance in instances], np.int64)
        self.common_count = int(self.count[0]) if len(set(self.count.tolist())) == 1 else None
        """How many instances every camera has, where it is the same."""
        anchors = [ANCHORS.index(instance.rule.anchor) for instance in instances]
        self.anchor = np.array(anchors, np.int64)
        self.common_anchor = anchors[0] if len(set(anchors)) == 1 else None
        """The anchor of all instances, where it is the same."""
        self.allowed = np.array([_allowed(instance.rule, class_names) for instance in instances], bool)
        """[instances, classes + 1] the classes it is for; the last stands for any without a name."""
        self.is_selective = not self.allowed.all()


def _allowed(rule: AnchoredRule, class_names: Sequence[str]) -> list[bool]:
    if rule.classes is None:
        return [True] * (len(class_names) + 1)
    return [*(name in rule.classes for name in class_names), False]


class RuleKind(ABC, Generic[AnyRule]):
    """All rules of one kind, at all cameras. Subclasses say what the rules do."""

    counted: tuple[str, ...] = ()
    """Names of the counts."""
    kept: tuple[str, ...] = ()
    """Counts of what is now; clearing statistics leaves them."""
    fields: ClassVar[Fields] = {}
    """State of a pair of rule and object."""

    def __init__(self, rules: Sequence[tuple[int, AnyRule]], class_names: Sequence[str]) -> None:
        """``rules`` with their places in the configuration."""
        self._rules = [(order, rule) for order, rule in rules if rule.enabled]
        self._class_names = tuple(class_names)
        self.instances: list[Instance[AnyRule]] = []
        self.state = PairState(self._most_columns(), self.fields)
        self.tables = _Tables()

    def _most_columns(self) -> int:
        """The most rules of this kind that any camera can have."""
        named = {camera for _, rule in self._rules for camera in rule.cameras or ()}
        return max(
            (sum(rule.applies_to(camera) for _, rule in self._rules) for camera in (*named, "")), default=0
        )

    def add_camera(self, number: int, camera: str, size: Size) -> None:
        """Apply the rules to one more camera, from ``settle`` on. Cameras come in order of number."""
        rules = [(order, rule) for order, rule in self._rules if rule.applies_to(camera)]
        self.tables.start = np.append(self.tables.start, len(self.instances))
        self.tables.count = np.append(self.tables.count, len(rules))
        self.instances += [
            Instance(rule, order, number, column, size, Tally(self.counted))
            for column, (order, rule) in enumerate(rules)
        ]

    def resize(self, number: int, size: Size, table: ObjectTable) -> None:
        """A camera's pictures have another size, from ``settle`` on."""
        for instance in self.instances_of(number):
            instance.size = size
        self.forget_places(np.flatnonzero(table.camera == number))

    def settle(self) -> None:
        """Make the tables anew after cameras were added or resized."""
        self.tables.lay_out(self.instances, self._class_names)
        if self.instances:
            self.place()

    def forget_places(self, slots: Int64Array) -> None:
        """What was remembered of the objects in pixels means nothing any more."""
        self.state.clear(slots)

    def instances_of(self, number: int) -> list[Instance[AnyRule]]:
        start = int(self.tables.start[number])
        return self.instances[start : start + int(self.tables.count[number])]

    def pairs(self, moment: Moment) -> Pairs:
        tables = self.tables
        row, instance = self._matches(moment.cameras)
        if tables.is_selective:
            classes = np.minimum(moment.tracks.classes, len(self._class_names))
            chosen = tables.allowed[instance, classes[row]]
            row, instance = row[chosen], instance[chosen]
        anchor = tables.anchor[instance] if tables.common_anchor is None else tables.common_anchor
        return Pairs(
            row=row,
            instance=instance,
            cell=moment.slots[row] * self.state.columns + tables.column[instance],
            x=moment.anchors[anchor, 0, row],
            y=moment.anchors[anchor, 1, row],
        )

    def _matches(self, cameras: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Row and instance of each pair, for rows of these cameras."""
        rows, start = np.arange(len(cameras)), self.tables.start[cameras]
        same = self.tables.common_count
        if same == 1:
            return rows, start
        if same is not None:
            return np.repeat(rows, same), (start[:, None] + np.arange(same)).ravel()
        count = self.tables.count[cameras]
        row = np.repeat(rows, count)
        return row, (start - (np.cumsum(count) - count))[row] + np.arange(len(row))

    def class_name(self, class_id: int) -> str:
        return class_name(self._class_names, class_id)

    def step(self, moment: Moment) -> None:
        """Apply the rules to a batch."""
        if self.instances:
            self.apply(moment, self.pairs(moment))

    @abstractmethod
    def place(self) -> None:
        """Work out the shapes of all instances in pixels."""

    @abstractmethod
    def apply(self, moment: Moment, pairs: Pairs) -> None:
        """Apply the rules, for all cameras at once; only events are dealt with one by one."""

    def export_extra(self, place: int) -> Any:  # noqa: ARG002 - subclasses use it
        """What there is to keep of an instance besides its tally and its pairs."""
        return None

    def restore_extra(self, place: int, extra: Any, *, same_clock: bool) -> None:
        """The inverse of ``export_extra``. ``same_clock``: whether the camera's clock goes on, too, so that
        times of it still mean something."""
