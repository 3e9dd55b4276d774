"""Directions: who moves which way."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from camwire.analytics.rules.geometry import LineTable
from camwire.analytics.rules.instances import Pairs, RuleKind
from camwire.analytics.rules.moment import Moment
from camwire.analytics.rules.objects import Fields
from camwire.config.rules import DirectionRule
from camwire.frames import Float64Array, Int64Array


class Directions(RuleKind[DirectionRule]):
    """Movement is looked at in legs of at least ``distance`` pixels, so that jitter is none. An object is
    reported when a leg goes the way, within ``tolerance``, and the leg before didn't."""

    counted = ("direction",)
    fields: ClassVar[Fields] = {
        "x": (np.float64, np.nan),
        "y": (np.float64, np.nan),
        "going": (np.bool_, False),
    }

    def place(self) -> None:
        rules = [instance.rule for instance in self.instances]
        arrows = [
            rule.placed((rule.start, rule.end), at.size)
            for rule, at in zip(rules, self.instances, strict=True)
        ]
        self._along = LineTable(arrows).unit
        self._cosine = np.cos(np.radians([rule.tolerance for rule in rules]))
        self._distance = np.array([rule.distance for rule in rules])

    def apply(self, moment: Moment, pairs: Pairs) -> None:
        state, cell = self.state, pairs.cell
        dx, dy = pairs.x - state["x"].take(cell), pairs.y - state["y"].take(cell)
        length = np.hypot(dx, dy)
        ended = (~(length < pairs.runs.of(self._distance))).nonzero()[0]  # New ones' begin.
        legs = ended[~np.isnan(length[ended])]
        if len(legs):
            self._look_at(moment, pairs, legs, dx[legs], dy[legs], length[legs])
        state["x"][cell[ended]], state["y"][cell[ended]] = pairs.x[ended], pairs.y[ended]

    def _look_at(
        self,
        moment: Moment,
        pairs: Pairs,
        legs: Int64Array,
        dx: Float64Array,
        dy: Float64Array,
        length: Float64Array,
    ) -> None:
        """Report the pairs whose leg, dx and dy pixels, goes the way, if the one before didn't."""
        going, cell, instance = self.state["going"], pairs.cell[legs], pairs.runs.each()[legs]
        ux, uy = self._along.take(instance, axis=1)
        # 180 degrees take in every leg; rounding must not leave out the exactly opposite ones.
        goes = dx * ux + dy * uy >= self._cosine[instance] * length - 1e-9
        begins = goes & ~going[cell]
        going[cell] = goes
        for leg in begins.nonzero()[0].tolist():
            at, row = self.instances[instance[leg]], int(pairs.row[legs[leg]])
            at.tally.add("direction", self.class_name(int(moment.tracks.classes[row])))
            moment.reports.add(moment, at, "direction", at.tally.snapshot(), row=row)
