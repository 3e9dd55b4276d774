"""Speed: how fast objects move, who is too fast, who has stopped."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from camwire.analytics.clock import ROUNDING
from camwire.analytics.rules.events import Kind
from camwire.analytics.rules.geometry import homography, projected
from camwire.analytics.rules.instances import Pairs, RuleKind
from camwire.analytics.rules.moment import Moment
from camwire.analytics.rules.objects import Fields
from camwire.config.rules import SpeedRule
from camwire.frames import BoolArray, Float64Array

SLOWER_AGAIN = 0.9
"""Of the limit: below it an object can be reported as too fast again."""
MOVING_AGAIN = 1.5
"""Times the standstill speed: above it a stopped object is moving again."""


class Speeds(RuleKind[SpeedRule]):
    """The speed is the way from where the object was between one and two windows ago, over the time since:
    jitter of a few pixels adds no more than twice that a window."""

    counted = ("speeding", "stopped")
    fields: ClassVar[Fields] = {
        "old_x": (np.float64, np.nan),
        "old_y": (np.float64, np.nan),
        "old_time": (np.float64, np.nan),
        "x": (np.float64, np.nan),
        "y": (np.float64, np.nan),
        "time": (np.float64, np.nan),
        "fast": (np.bool_, False),
        "slow_since": (np.float64, np.nan),
        "stopped": (np.bool_, False),
    }

    def place(self) -> None:
        rules = [instance.rule for instance in self.instances]
        self._on_ground = np.array([rule.ground is not None for rule in rules], bool)
        self._ground = np.array(
            [
                homography(rule.placed(rule.ground.picture, at.size), rule.ground.metres)
                if rule.ground
                else np.eye(3)
                for rule, at in zip(rules, self.instances, strict=True)
            ]
        ).reshape(-1, 3, 3)
        self._window = np.array([rule.window for rule in rules])
        self._limit = np.array([np.inf if rule.limit is None else rule.limit for rule in rules])
        self._some_limited = bool(np.isfinite(self._limit).any())
        self._standstill = np.array([rule.standstill for rule in rules])
        self._patience = np.array(
            [np.inf if rule.stopped_after is None else rule.stopped_after for rule in rules]
        )

    def apply(self, moment: Moment, pairs: Pairs) -> None:
        speed = self._measure(pairs)
        measured = (~np.isnan(speed)).nonzero()[0]
        in_metres = pairs.runs.of(self._on_ground)[measured]
        for chosen in (
            measured[~in_metres],
            measured[in_metres],
        ):  # Metres are worth more, so they come last.
            moment.speeds[pairs.row[chosen]] = speed[chosen]
        self._find_fast(moment, pairs, speed)
        self._find_stopped(moment, pairs, speed)

    def _measure(self, pairs: Pairs) -> Float64Array:
        """[P] pixels or metres a second, NaN where the object hasn't been seen for a window."""
        state, cell, now = self.state, pairs.cell, pairs.now
        x, y = pairs.x, pairs.y
        if self._on_ground.any():
            x, y = x.copy(), y.copy()
            ground = pairs.runs.of(self._on_ground).nonzero()[0]
            matrices = self._ground[pairs.runs.each()[ground]]
            x[ground], y[ground] = projected(x[ground], y[ground], matrices)
        window = pairs.runs.of(self._window)
        aged = (~(now - state["time"].take(cell) < window - ROUNDING)).nonzero()[0]  # New ones, too.
        replaced = cell[aged]
        for name in ("x", "y", "time"):
            state[f"old_{name}"][replaced] = state[name][replaced]
        state["x"][replaced], state["y"][replaced], state["time"][replaced] = x[aged], y[aged], now[aged]
        span = now - state["old_time"].take(cell)
        way = np.hypot(x - state["old_x"].take(cell), y - state["old_y"].take(cell))
        speed: Float64Array = np.divide(way, span, out=np.full(len(cell), np.nan), where=span > 0)
        return speed

    def _find_fast(self, moment: Moment, pairs: Pairs, speed: Float64Array) -> None:
        if not self._some_limited:
            return
        state, cell = self.state, pairs.cell
        limit, was_fast = pairs.runs.of(self._limit), state["fast"].take(cell)
        too_fast = speed > limit
        state["fast"][cell] = too_fast | (was_fast & ~(speed < SLOWER_AGAIN * limit))
        self._report(moment, pairs, too_fast & ~was_fast, "speeding", speed)

    def _find_stopped(self, moment: Moment, pairs: Pairs, speed: Float64Array) -> None:
        state, cell = self.state, pairs.cell
        now, standstill = pairs.now, pairs.runs.of(self._standstill)
        since, was_stopped = state["slow_since"].take(cell), state["stopped"].take(cell)
        slow = speed <= standstill
        since = np.where(slow, np.where(np.isnan(since), now, since), np.nan)
        state["slow_since"][cell] = since
        stops = ~was_stopped & (now - since >= pairs.runs.of(self._patience) - ROUNDING)
        moves = was_stopped & (speed > MOVING_AGAIN * standstill)
        state["stopped"][cell] = (was_stopped | stops) & ~moves
        self._report(moment, pairs, stops, "stopped", speed)
        self._report(moment, pairs, moves, "moving", speed)

    def _report(
        self, moment: Moment, pairs: Pairs, which: BoolArray, kind: Kind, speed: Float64Array
    ) -> None:
        found = which.nonzero()[0]
        if not len(found):
            return
        instance = pairs.runs.each()
        for pair in found.tolist():
            at = self.instances[instance[pair]]
            row = int(pairs.row[pair])
            if kind in self.counted:
                at.tally.add(kind, self.class_name(int(moment.tracks.classes[row])))
            moment.reports.add(moment, at, kind, at.tally.snapshot(), row=row, value=float(speed[pair]))
