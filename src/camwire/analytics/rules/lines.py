"""Lines: who crosses them, in which direction."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from camwire.analytics.rules.events import Kind
from camwire.analytics.rules.geometry import LineTable
from camwire.analytics.rules.instances import Pairs, RuleKind
from camwire.analytics.rules.moment import Moment
from camwire.analytics.rules.objects import Fields
from camwire.config.rules import LineRule
from camwire.frames import Int64Array

Int8Array = NDArray[np.int8]


class Lines(RuleKind[LineRule]):
    """An object is on a side of a line once it is half a band away from it, and stays there until it is
    as far on the other one. What counts is that change, however far the object went between two frames; for a
    segment, the straight way from the last point on the old side to the first on the new one has to meet it.
    """

    counted = ("in", "out")
    fields: ClassVar[Fields] = {
        "side": (np.int8, 0),
        "x": (np.float64, np.nan),
        "y": (np.float64, np.nan),
        "counted": (np.bool_, False),
    }

    def place(self) -> None:
        rules = [instance.rule for instance in self.instances]
        ends = [
            rule.placed((rule.start, rule.end), at.size)
            for rule, at in zip(rules, self.instances, strict=True)
        ]
        self._lines = LineTable(ends)
        half_band = np.array([rule.band / 2 for rule in rules])
        self._edges = np.stack((half_band, -np.maximum(half_band, np.nextafter(0, 1))))
        """[2, instances] of the band: the distances from which on an object is to the right, and to the left.
        On a line without a band it is to the right."""
        self._infinite = np.array([rule.infinite for rule in rules], bool)
        self._again = np.array([rule.again for rule in rules], bool)

    def apply(self, moment: Moment, pairs: Pairs) -> None:
        state, cell = self.state, pairs.cell
        distance = self._lines.side(pairs.x, pairs.y, pairs.runs)
        right, left = pairs.runs.of(self._edges)
        side = (distance >= right).view(np.int8) - (distance <= left).view(np.int8)
        before = state["side"].take(cell)
        changed = (side != before).nonzero()[0]
        crossing = changed[side[changed] * before[changed] < 0]
        if len(crossing):
            self._count(moment, pairs, crossing, side)
        on_a_side = side.nonzero()[0]
        decided = cell.take(on_a_side)
        if side[changed].any():
            state["side"][decided] = side[on_a_side]
        state["x"][decided], state["y"][decided] = pairs.x.take(on_a_side), pairs.y.take(on_a_side)

    def _count(self, moment: Moment, pairs: Pairs, crossing: Int64Array, side: Int8Array) -> None:
        state, cell, instance = self.state, pairs.cell[crossing], pairs.runs.each()[crossing]
        start = state["x"][cell], state["y"][cell]
        end = pairs.x[crossing], pairs.y[crossing]
        met = self._infinite[instance] | self._lines.meet_between_ends(start, end, instance)
        met &= self._again[instance] | ~state["counted"][cell]
        state["counted"][cell] |= met
        for place in met.nonzero()[0].tolist():
            at, pair = self.instances[instance[place]], crossing[place]
            row = int(pairs.row[pair])
            kind: Kind = "in" if side[pair] > 0 else "out"
            at.tally.add(kind, self.class_name(int(moment.tracks.classes[row])))
            moment.reports.add(moment, at, kind, at.tally.snapshot(), row=row)
