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
from camwire.analytics.rules.runs import Runs
from camwire.config.rules import AnchoredRule
from camwire.frames import Float64Array, Int32Array, Int64Array, Size

AnyRule = TypeVar("AnyRule", bound=AnchoredRule)


class Tally:
    """Counts of one rule at one camera."""

    def __init__(self, names: Sequence[str]) -> None:
        self._counts: Counts = {name: {} for name in names}
        self._told: Counts | None = None
        """A copy, until something changes."""

    def add(self, name: str, class_name: str, number: int = 1) -> None:
        self._told = None
        counts = self._counts[name]
        counts[class_name] = counts.get(class_name, 0) + number
        if not counts[class_name]:
            del counts[class_name]

    def snapshot(self) -> Counts:
        """As they are now; the same object for all who ask before the next change, not to be written to."""
        if self._told is None:
            self._told = {name: dict(counts) for name, counts in self._counts.items()}
        return self._told

    def restore(self, counts: Counts) -> None:
        """Take the counts named over; others stay."""
        self._told = None
        for name in counts.keys() & self._counts.keys():
            self._counts[name] = dict(counts[name])

    def clear(self, kept: Sequence[str]) -> None:
        self._told = None
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
    """Objects of the batch with the rules that are for them; P pairs, by frame, then by rule, then by row."""

    runs: Runs
    """The instances, each with its pairs."""
    row: Int64Array
    cell: Int64Array
    """Where the pair's state is."""
    now: Float64Array
    """The camera's clock."""
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
        self.one_each = bool((self.count == 1).all())
        """Whether every camera has one instance."""
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
        runs, row = self._matches(moment.cameras)
        anchors = None if tables.common_anchor is None else moment.anchors.of(tables.common_anchor)
        if tables.one_each and not tables.is_selective and anchors is not None:
            return Pairs(runs, row, self.state.first_cells(moment.slots), moment.now, *anchors)
        if tables.is_selective:
            runs, row = self._selected(runs, row, moment.tracks.classes)
        if anchors is not None:
            x, y = (values.take(row) for values in anchors)
        else:
            x, y = moment.anchors.all()[runs.of(tables.anchor), :, row].T
        cell = self.state.first_cells(moment.slots).take(row)
        if not tables.one_each:
            cell += runs.of(tables.column)
        return Pairs(runs, row, cell, moment.now.take(row), x, y)

    def _matches(self, cameras: Runs) -> tuple[Runs, Int64Array]:
        """Instances of the cameras, and the row of each pair; ``cameras``: of the rows."""
        first, count = self.tables.start[cameras.which], self.tables.count[cameras.which]
        if self.tables.one_each:
            return Runs(first, cameras.length), np.arange(int(cameras.length.sum()))
        instances = Runs(first, count).upwards()
        runs = Runs(instances, cameras.length.repeat(count))
        return runs, Runs(cameras.begins().repeat(count), runs.length).upwards()

    def _selected(self, runs: Runs, row: Int64Array, classes: Int32Array) -> tuple[Runs, Int64Array]:
        """The pairs whose object is of a class that the rule is for."""
        known = np.minimum(classes, len(self._class_names)).take(row)
        chosen = self.tables.allowed[runs.each(), known].nonzero()[0]
        return runs.among(chosen), row.take(chosen)

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
