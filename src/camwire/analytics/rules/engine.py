"""All rules over all cameras, one batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from camwire.analytics.clock import CameraClock
from camwire.analytics.rules.directions import Directions
from camwire.analytics.rules.events import AnalysisResult, Counts
from camwire.analytics.rules.heatmaps import Heatmaps
from camwire.analytics.rules.instances import Instance, RuleKind
from camwire.analytics.rules.lines import Lines
from camwire.analytics.rules.moment import AnchorPoints, Moment, Reports
from camwire.analytics.rules.objects import ObjectTable
from camwire.analytics.rules.runs import Runs
from camwire.analytics.rules.speeds import Speeds
from camwire.analytics.rules.state import Keeper
from camwire.analytics.rules.zones import Zones
from camwire.config.rules import (
    DirectionRule,
    HeatmapRule,
    LineRule,
    Rule,
    SpeedRule,
    ZoneRule,
    duplicate_names,
    unknown_classes,
)
from camwire.frames import Batch, Float64Array, Frame, Int64Array, Size, Tracks, starts_of

OUT_OF_SIGHT = 3.0
"""Seconds after which an object that isn't seen any more is gone."""


class RuleEngine:
    """Applies rules to tracks. Pure: no clock, no threads; the same batches always give the same results.

    Batches come in order. Cameras become known by their first frame. Time is the frames' own, made to go on
    over reconnects; events carry the UTC time at which their frame was captured.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        class_names: Sequence[str],
        out_of_sight: float = OUT_OF_SIGHT,
        *,
        ids_restart: bool = False,
    ) -> None:
        """``class_names`` are the model's, by class id; ``out_of_sight`` is in seconds; ``ids_restart``:
        when a camera's file begins anew, its ids mean other objects from then on.

        Raises ValueError where two rules have one name, or one names a class that the model doesn't know.
        """
        _check(rules, class_names)
        self._class_names = tuple(class_names)
        ordered = list(enumerate(rules))
        self._zones = Zones(
            [(n, r) for n, r in ordered if isinstance(r, ZoneRule)], class_names, out_of_sight
        )
        self._heatmaps = Heatmaps([(n, r) for n, r in ordered if isinstance(r, HeatmapRule)], class_names)
        self._kinds: tuple[RuleKind[Any], ...] = (
            self._zones,
            Lines([(n, r) for n, r in ordered if isinstance(r, LineRule)], class_names),
            Directions([(n, r) for n, r in ordered if isinstance(r, DirectionRule)], class_names),
            Speeds([(n, r) for n, r in ordered if isinstance(r, SpeedRule)], class_names),
            self._heatmaps,
        )
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._sizes: list[Size] = []
        self._clocks: list[CameraClock] = []
        self._turns: dict[int, int] | None = {} if ids_restart else None
        """By camera's number the turn of its newest frame, where that matters."""
        self._out_of_sight = out_of_sight
        self._table = ObjectTable(out_of_sight)
        self._keeper = Keeper(rules)

    def step(self, batch: Batch, tracks: Tracks) -> AnalysisResult:
        """Apply every rule to a batch's tracks."""
        moment = self._moment(batch, tracks, self._numbers_of(batch.frames))
        for kind in self._kinds:
            kind.step(moment)
        self._table.update(moment.slots, moment.now, tracks)
        self._table.note(moment.cameras, moment.times, moment.slots)
        if len(moment.gone):
            self._forget(moment.gone)
        return AnalysisResult(moment.reports.sorted(), moment.speeds)

    def counts_of(self, camera: str) -> dict[str, Counts]:
        """Counts by rule, what is counted, and class, of a camera; before its first frame those restored."""
        number = self._numbers.get(camera)
        if number is None:
            return self._keeper.counts_of(camera)
        instances = (instance for kind in self._kinds for instance in kind.instances_of(number))
        return {instance.rule.name: counts for instance in instances if (counts := instance.tally.snapshot())}

    def counts(self) -> dict[str, dict[str, Counts]]:
        """Counts by rule, camera, what is counted, and class, of every camera seen so far."""
        found: dict[str, dict[str, Counts]] = {}
        for instance, _, _ in self._instances():
            if counts := instance.tally.snapshot():
                found.setdefault(instance.rule.name, {})[self._names[instance.camera]] = counts
        return found

    def heatmap(self, rule: str, camera: str) -> Float64Array:
        """[rows, columns] seconds spent in each cell, top left first. Raises KeyError where there is none."""
        for place, instance in enumerate(self._heatmaps.instances):
            if instance.rule.name == rule and self._names[instance.camera] == camera:
                return self._heatmaps.map_of(place)
        raise KeyError(f"no heat map {rule!r} of camera {camera!r}")

    def clear(self, rules: Collection[str] | None = None) -> None:
        """Begin counting anew: all rules, or those named. Who is in a zone now stays counted as inside."""
        for instance, kind, place in self._instances():
            if rules is None or instance.rule.name in rules:
                instance.tally.clear(kind.kept)
                if kind is self._heatmaps:
                    self._heatmaps.clear(place)
        self._keeper.clear(rules)

    def export(self, objects: bool = True) -> dict[str, Any]:
        """Everything worth keeping, as plain values that msgpack can carry.

        ``objects``: also who is where, which only an engine behind the same tracker has a use for.
        """
        return self._keeper.export(self._kinds, self._table, self._numbers, self._clocks, objects)

    def restore(self, state: dict[str, Any], objects: bool = True) -> None:
        """Take over what another engine exported, for each rule that is the same in what it counts.

        ``objects``: also who is where. Say False where the tracker has begun anew: its ids then mean others.
        To be called before the first step. Raises ValueError for the state of another version.
        """
        if self._numbers:
            raise RuntimeError("rule state has to be restored before the first step")
        self._keeper.restore(state, objects)

    def _instances(self) -> Iterable[tuple[Instance[Any], RuleKind[Any], int]]:
        for kind in self._kinds:
            for place, instance in enumerate(kind.instances):
                yield instance, kind, place

    def _numbers_of(self, frames: Sequence[Frame]) -> list[int]:
        """The cameras' numbers; their clocks advance to the frames, new cameras and sizes are taken in."""
        new = [frame for frame in frames if frame.camera not in self._numbers]
        for frame in new:
            self._add_camera(frame)
        numbers = [self._numbers[frame.camera] for frame in frames]
        resized = [
            (number, frame)
            for number, frame in zip(numbers, frames, strict=True)
            if frame.size != self._sizes[number]
        ]
        for number, frame in resized:
            self._sizes[number] = frame.size
            for kind in self._kinds:
                kind.resize(number, frame.size, self._table)
        if new or resized:
            for kind in self._kinds:
                kind.settle()
        for frame in new:
            clock = self._keeper.take_over(frame.camera, len(self._clocks), self._kinds, self._table)
            self._clocks.append(clock)
        for number, frame in zip(numbers, frames, strict=True):
            if self._turns is not None and self._turns.get(number, frame.turn) != frame.turn:
                self._clocks[number].skip(2 * self._out_of_sight)  # so that everyone is out of sight
            if self._turns is not None:
                self._turns[number] = frame.turn
            self._clocks[number].tick(frame)
        return numbers

    def _add_camera(self, frame: Frame) -> None:
        number = self._numbers[frame.camera] = len(self._names)
        self._names.append(frame.camera)
        self._sizes.append(frame.size)
        for kind in self._kinds:
            kind.add_camera(number, frame.camera, frame.size)

    def _moment(self, batch: Batch, tracks: Tracks, numbers: list[int]) -> Moment:
        table = self._table
        begins = starts_of(tracks.frame_index, len(batch))
        cameras = Runs(np.array(numbers, np.int64), begins[1:] - begins[:-1])
        times = [self._clocks[number].now for number in numbers]
        overdue = table.overdue(numbers, times)
        slots, grown = table.find(cameras, tracks.ids)
        if grown:
            for kind in self._kinds:
                kind.state.grow(table.capacity)
        is_here = table.are_among(overdue, slots)
        returned, gone = overdue[is_here], overdue[~is_here]
        if len(returned):
            for kind in self._kinds:
                kind.forget_places(returned)
        return Moment(
            batch=batch,
            tracks=tracks,
            table=table,
            cameras=cameras,
            slots=slots,
            times=times,
            now=np.array(times).repeat(cameras.length),
            overdue=overdue,
            returned=returned,
            gone=gone,
            anchors=AnchorPoints(tracks.boxes),
            clocks=self._clocks,
            frames={number: position for position, number in enumerate(numbers)},
            speeds=np.full(len(tracks), np.nan, np.float32),
            reports=Reports(self._class_names),
        )

    def _forget(self, gone: Int64Array) -> None:
        """Give up the slots of objects that are gone."""
        for kind in self._kinds:
            kind.state.clear(gone)
        self._table.release(gone)


def _check(rules: Sequence[Rule], class_names: Sequence[str]) -> None:
    problems = [f"two rules are called {name!r}" for _, name in duplicate_names(rules)]
    problems += [
        f"rule {rules[position].name!r} is for the class {name!r}, which the model doesn't know"
        for position, _, name in unknown_classes(rules, class_names)
    ]
    if problems:
        raise ValueError("; ".join(problems))
