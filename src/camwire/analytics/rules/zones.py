"""Zones: who is in them, comes and goes, stays too long, and whether they are too many."""

from __future__ import annotations

from collections import Counter
from math import isnan
from operator import itemgetter
from typing import Any, ClassVar

import numpy as np

from camwire.analytics.clock import ROUNDING
from camwire.analytics.rules.geometry import PolygonTable
from camwire.analytics.rules.instances import Pairs, RuleKind
from camwire.analytics.rules.moment import Moment
from camwire.analytics.rules.objects import Fields, ObjectTable
from camwire.config.rules import ZoneRule
from camwire.frames import BoolArray, Int64Array

NOBODY = -1


class Zones(RuleKind[ZoneRule]):
    """An object is in a zone from the first frame in which its anchor is inside, until it is ``margin``
    pixels outside or hasn't been seen for ``out_of_sight`` seconds; then it left when it was last seen."""

    counted = ("inside", "entered", "exited")
    kept = ("inside",)
    fields: ClassVar[Fields] = {
        "inside": (np.bool_, False),
        "since": (np.float64, np.nan),
        "seen": (np.float64, np.nan),
        "reported": (np.bool_, False),
        "class": (np.int32, NOBODY),
    }

    def __init__(self, rules: Any, class_names: Any, out_of_sight: float) -> None:
        super().__init__(rules, class_names)
        self._out_of_sight = out_of_sight
        self._occupancy = np.zeros(0, np.int64)
        self._over = np.zeros(0, bool)
        self._changing_since = np.full(0, np.nan)
        """Since when the count has been such that the zone's being overcrowded has to change."""
        self._some_unseen = False
        """Whether an object may have been seen since its zone last saw it, other than by changing class."""

    def place(self) -> None:
        rules = [instance.rule for instance in self.instances]
        self._polygons = PolygonTable(
            [rule.placed(rule.polygon, at.size) for rule, at in zip(rules, self.instances, strict=True)]
        )
        self._margin = np.array([rule.margin for rule in rules])
        self._loitering = np.array([np.inf if rule.loitering is None else rule.loitering for rule in rules])
        self._some_loiter = bool(np.isfinite(self._loitering).any())
        crowded = [(place, rule.overcrowding) for place, rule in enumerate(rules) if rule.overcrowding]
        self._crowdable = np.array([place for place, _ in crowded], np.int64)
        self._crowd = np.array([(crowd.objects, crowd.release, crowd.seconds) for _, crowd in crowded])
        new = len(rules) - len(self._occupancy)
        self._occupancy = np.append(self._occupancy, np.zeros(new, np.int64))
        self._over = np.append(self._over, np.zeros(new, bool))
        self._changing_since = np.append(self._changing_since, np.full(new, np.nan))

    def forget_places(self, slots: Int64Array) -> None:
        """Nothing is remembered in pixels: objects stay where they are until they are seen elsewhere."""

    def apply(self, moment: Moment, pairs: Pairs) -> None:
        self._drop_unseen(moment)
        was_in = self.state["inside"].take(pairs.cell)
        is_in = self._polygons.inside(pairs.x, pairs.y, pairs.runs)
        self.state["seen"][pairs.cell] = pairs.now
        instance = pairs.runs.each()
        changed = (was_in != is_in).nonzero()[0]
        entering, outside = changed[is_in[changed]], changed[was_in[changed]]
        leaving = self._far_outside(pairs, outside, instance)
        was_in[leaving] = False
        staying = self._stayed_too_long(pairs, was_in, instance)
        changes = [(pair, self._enter) for pair in entering.tolist()]
        changes += [(pair, self._leave_now) for pair in leaving.tolist()]
        changes += [(pair, self._report_stay) for pair in staying.tolist()]
        for pair, change in sorted(changes, key=itemgetter(0)):
            change(moment, int(instance[pair]), int(pairs.cell[pair]), int(pairs.row[pair]))
        self._watch_crowds(moment)

    def _far_outside(self, pairs: Pairs, outside: Int64Array, instance: Int64Array) -> Int64Array:
        """Those of the pairs whose object is more than the margin away from the zone."""
        if not len(outside):
            return outside
        which = instance[outside]
        distance = self._polygons.distance(pairs.x[outside], pairs.y[outside], which)
        far: Int64Array = outside[distance > self._margin[which]]
        return far

    def _stayed_too_long(self, pairs: Pairs, stays: BoolArray, instance: Int64Array) -> Int64Array:
        """The pairs, of those that stay, whose object is due to be reported as loitering."""
        if not self._some_loiter:
            return np.empty(0, np.int64)
        staying = stays.nonzero()[0]
        cell = pairs.cell[staying]
        stayed = pairs.now[staying] - self.state["since"][cell]
        due = stayed >= self._loitering[instance[staying]] - ROUNDING
        overdue: Int64Array = staying[due & ~self.state["reported"][cell]]
        return overdue

    def _enter(self, moment: Moment, place: int, cell: int, row: int) -> None:
        class_id = int(moment.tracks.classes[row])
        self.state.write(cell, [True, moment.now[row], moment.now[row], False, class_id])
        self._count(place, class_id, "entered", 1)
        self._report(moment, place, "enter", row=row)

    def _report_stay(self, moment: Moment, place: int, cell: int, row: int) -> None:
        self.state["reported"][cell] = True
        stayed = float(moment.now[row] - self.state["since"][cell])
        self._report(moment, place, "loitering", row=row, value=stayed)

    def _leave_now(self, moment: Moment, place: int, cell: int, row: int) -> None:
        self._leave(moment, place, cell, float(moment.now[row]), row=row)

    def _leave(
        self,
        moment: Moment,
        place: int,
        cell: int,
        when: float,
        row: int | None = None,
        slot: int | None = None,
    ) -> None:
        class_id, dwell = int(self.state["class"][cell]), when - float(self.state["since"][cell])
        self.state.write(cell, [False, np.nan, self.state["seen"][cell], False, NOBODY])
        self._count(place, class_id, "exited", -1)
        self._report(moment, place, "exit", row=row, slot=slot, value=dwell)

    def _count(self, place: int, class_id: int, how: str, change: int) -> None:
        tally, name = self.instances[place].tally, self.class_name(class_id)
        tally.add(how, name)
        tally.add("inside", name, change)
        self._occupancy[place] += change

    def _report(self, moment: Moment, place: int, kind: Any, **about: Any) -> None:
        instance = self.instances[place]
        moment.reports.add(moment, instance, kind, instance.tally.snapshot(), **about)

    def _drop_unseen(self, moment: Moment) -> None:
        """Let objects go that have been out of sight for too long, or are no longer of the zone's classes."""
        for cell in self._unseen(moment).tolist():
            slot, column = divmod(cell, self.state.columns)
            place = int(self.tables.start[moment.table.camera[slot]]) + column
            self._leave(moment, place, cell, float(self.state["seen"][cell]), slot=slot)

    def _unseen(self, moment: Moment) -> Int64Array:
        """Cells, ascending, of those inside that haven't been seen there for too long."""
        state = self.state
        # A zone for all classes sees whoever is seen; others miss an object that changes its own.
        if not (self._some_unseen or self.tables.is_selective):
            cells = state.cells(moment.overdue)
            return cells.compress(state["inside"][cells])
        cells = state["inside"].nonzero()[0]
        cameras = moment.table.camera[cells // state.columns]
        overdue = moment.every_time()[cameras] - state["seen"][cells] > self._out_of_sight
        return cells.compress(overdue & moment.present()[cameras])

    def _watch_crowds(self, moment: Moment) -> None:
        """Zones change between overcrowded and not once the count has called for it long enough."""
        places = self._crowdable
        if not len(places):
            return
        objects, release, seconds = self._crowd.T
        cameras = self.tables.camera[places]
        now = moment.every_time()[cameras]
        occupancy, over = self._occupancy[places], self._over[places]
        calls: BoolArray = np.where(over, occupancy <= release, occupancy >= objects)
        since = self._changing_since[places]
        since = np.where(calls, np.where(np.isnan(since), now, since), np.nan)
        due = calls & (now - since >= seconds - ROUNDING) & moment.present()[cameras]
        self._changing_since[places] = np.where(due, np.nan, since)
        for place in places[due].tolist():
            self._over[place] = not self._over[place]
            kind = "overcrowded" if self._over[place] else "overcrowding_over"
            self._report(moment, place, kind, value=float(self._occupancy[place]))

    def export_extra(self, place: int) -> Any:
        since = float(self._changing_since[place])
        return [bool(self._over[place]), *([] if isnan(since) else [since])]

    def restore_extra(self, place: int, extra: Any, *, same_clock: bool) -> None:
        self._over[place], *since = extra
        self._changing_since[place] = since[0] if since and same_clock else np.nan

    def recount(self, place: int, table: ObjectTable) -> None:
        """Count who is in a zone, after its state was restored."""
        state, at = self.state, self.instances[place]
        slots = np.array([*table.slots_of(at.camera).values()], np.int64)
        slots = slots[state["inside"][slots * state.columns + at.column]]
        cells = slots * state.columns + at.column
        classes = state["class"][cells].tolist()
        self._occupancy[place] = len(classes)
        self._some_unseen |= bool((state["seen"][cells] != table.last_seen[slots]).any())
        at.tally.restore({"inside": dict(Counter(map(self.class_name, classes)))})
