"""Directions: who moves which way."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from camwire.analytics.rules.geometry import LineTable
from camwire.analytics.rules.instances import Pairs, RuleKind
from camwire.analytics.rules.moment import Moment
from camwire.analytics.rules.objects import Fields
from camwire.config.rules import DirectionRule


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
        self._along = LineTable(arrows).unit.T
        self._cosine = np.cos(np.radians([rule.tolerance for rule in rules]))
        self._distance = np.array([rule.distance for rule in rules])

    def apply(self, moment: Moment, pairs: Pairs) -> None:
        state, cell, instance = self.state, pairs.cell, pairs.instance
        dx, dy = pairs.x - state["x"][cell], pairs.y - state["y"][cell]
        length = np.hypot(dx, dy)
        is_leg = length >= self._distance[instance]
        ux, uy = self._along.take(instance, axis=1)
        # 180 degrees take in every leg; rounding must not leave out the exactly opposite ones.
        goes = is_leg & (dx * ux + dy * uy >= self._cosine[instance] * length - 1e-9)
        begins = goes & ~state["going"][cell]
        state["going"][cell[is_leg]] = goes[is_leg]
        restart = np.flatnonzero(is_leg | np.isnan(length))
        state["x"][cell[restart]], state["y"][cell[restart]] = pairs.x[restart], pairs.y[restart]
        for pair in np.flatnonzero(begins).tolist():
            at = self.instances[instance[pair]]
            row = int(pairs.row[pair])
            at.tally.add("direction", self.class_name(int(moment.tracks.classes[row])))
            moment.reports.add(moment, at, "direction", at.tally.snapshot(), row=row)
