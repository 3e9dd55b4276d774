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
        self._size = np.array([instance.size for instance in self.instances], float).reshape(-1, 2)
        ends = np.cumsum(self._grid.prod(axis=1))
        self._start = np.append(0, ends)
        self._seconds = np.append(self._seconds, np.zeros(int(self._start[-1]) - len(self._seconds)))
        self._faded += [None] * (len(rules) - len(self._faded))

    def apply(self, moment: Moment, pairs: Pairs) -> None:
        self._fade(moment)
        lasted = moment.now[pairs.row] - moment.before[pairs.row]
        lasted = np.clip(np.nan_to_num(lasted), 0, LONGEST_STEP)
        columns, rows = self._grid[pairs.instance].T
        width, height = self._size[pairs.instance].T
        column = np.clip(pairs.x / width * columns, 0, columns - 1).astype(np.int64)
        row = np.clip(pairs.y / height * rows, 0, rows - 1).astype(np.int64)
        np.add.at(self._seconds, self._start[pairs.instance] + row * columns + column, lasted)

    def _fade(self, moment: Moment) -> None:
        for place, instance in enumerate(self.instances):
            half_life = instance.rule.half_life
            if half_life is None:
                continue
            now = float(moment.clocks[instance.camera])
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

    def restore_extra(self, place: int, extra: Any) -> None:
        self._cells(place)[:] = np.frombuffer(extra, "<f4")
