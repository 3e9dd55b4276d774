"""Heat maps: where objects spend their time."""

from __future__ import annotations

from typing import Any

import numpy as np

from camwire.analytics.rules.instances import Pairs, RuleKind
from camwire.analytics.rules.moment import Moment
from camwire.config.rules import HeatmapRule
from camwire.frames import Float64Array

LONGEST_STEP = 1.0
"""Seconds that one sighting can add: what happened while an object was longer out of sight is unknown."""
FADE_EVERY = 1.0
"""Seconds between two steps of fading."""


class Heatmaps(RuleKind[HeatmapRule]):
    """Each object adds the time since it was last seen to the cell that its anchor is in."""

    def __init__(self, rules: Any, class_names: Any) -> None:
        super().__init__(rules, class_names)
        self._seconds = np.zeros(0)
        """All instances' cells, one map after the other, row by row."""
        self._faded: list[float | None] = []
        """By instance, the camera's clock when its map last faded."""

    def place(self) -> None:
        rules = [instance.rule for instance in self.instances]
        self._grid = np.array([(rule.columns, rule.rows) for rule in rules]).reshape(-1, 2)
        size = np.array([instance.size for instance in self.instances]).reshape(-1, 2)
        self._last, self._scale = self._grid.T - 1, (self._grid / size).T
        ends = np.cumsum(self._grid.prod(axis=1))
        self._start = np.append(0, ends)
        self._seconds = np.append(self._seconds, np.zeros(int(self._start[-1]) - len(self._seconds)))
        self._faded += [None] * (len(rules) - len(self._faded))

    def apply(self, moment: Moment, pairs: Pairs) -> None:
        self._fade(moment)
        lasted = np.minimum(np.fmax(moment.now - moment.before(), 0), LONGEST_STEP)  # fmax takes NaN for 0
        instance = pairs.runs.each()
        last_column, last_row = self._last.take(instance, axis=1)
        to_column, to_row = self._scale.take(instance, axis=1)
        column = np.clip(pairs.x * to_column, 0, last_column).astype(np.int64)
        row = np.clip(pairs.y * to_row, 0, last_row).astype(np.int64)
        cell = self._start[instance] + row * (last_column + 1) + column
        np.add.at(self._seconds, cell, lasted.take(pairs.row))

    def _fade(self, moment: Moment) -> None:
        for place, instance in enumerate(self.instances):
            half_life = instance.rule.half_life
            if half_life is None:
                continue
            now = moment.clocks[instance.camera].now
            faded = self._faded[place]
            if faded is None:
                self._faded[place] = now
            elif now - faded >= FADE_EVERY:
                self._cells(place)[:] *= 0.5 ** ((now - faded) / half_life)
                self._faded[place] = now

    def _cells(self, place: int) -> Float64Array:
        return self._seconds[self._start[place] : self._start[place + 1]]

    def map_of(self, place: int) -> Float64Array:
        """[rows, columns] seconds by cell, top left first; a copy."""
        columns, rows = self._grid[place]
        return self._cells(place).reshape(rows, columns).copy()

    def clear(self, place: int) -> None:
        self._cells(place)[:] = 0

    def export_extra(self, place: int) -> Any:
        return self._cells(place).astype("<f4").tobytes()

    def restore_extra(self, place: int, extra: Any, *, same_clock: bool) -> None:  # noqa: ARG002 - no times
        self._cells(place)[:] = np.frombuffer(extra, "<f4")
