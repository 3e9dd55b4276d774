"""Keeping rules' state over a change of configuration, a reconnect or a restart."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from camwire.analytics.clock import CameraClock
from camwire.analytics.rules.events import Counts
from camwire.analytics.rules.exported import VERSION, deserted
from camwire.analytics.rules.instances import Instance, RuleKind
from camwire.analytics.rules.objects import ObjectTable
from camwire.analytics.rules.renames import successors
from camwire.analytics.rules.runs import Runs
from camwire.analytics.rules.zones import Zones
from camwire.config.rules import Rule

COSMETIC = {"name", "colour", "enabled", "cameras"}
"""What a rule may change without losing its counts."""


def fingerprint(rule: Rule) -> str:
    """The same for two rules that count the same thing."""
    text = rule.model_dump_json(exclude=COSMETIC)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Keeper:
    """Holds restored state until its camera comes, and passes on that of cameras that didn't come."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._configured = {rule.name: rule for rule in rules}
        self._prints = {rule.name: fingerprint(rule) for rule in rules}
        self._rules: dict[str, dict[str, Any]] = {}
        """By rule and camera: counts, extra, objects."""
        self._cameras: dict[str, Any] = {}
        """By camera: its clock and its objects."""

    def export(
        self,
        kinds: Sequence[RuleKind[Any]],
        table: ObjectTable,
        numbers: Mapping[str, int],
        clocks: Sequence[CameraClock],
        objects: bool,
    ) -> dict[str, Any]:
        names = list(numbers)
        rules = {name: dict(cameras) for name, cameras in self._rules.items()}
        for kind in kinds:
            for place, instance in enumerate(kind.instances):
                kept = _exported(kind, place, instance, table, objects)
                rules.setdefault(instance.rule.name, {})[names[instance.camera]] = kept
        cameras = dict(self._cameras)
        for name, number in numbers.items():
            clock = clocks[number]
            cameras[name] = {
                "clock": [clock.now, clock.epoch, clock.offset, clock.arrived],
                "objects": [_object(table, slot) for slot in table.slots_of(number).values()]
                if objects
                else [],
            }
        prints = {name: self._prints[name] for name in rules}
        return {"version": VERSION, "prints": prints, "rules": rules, "cameras": cameras}

    def restore(self, state: Mapping[str, Any], objects: bool) -> None:
        """Raises ValueError for state of another version."""
        if state.get("version") != VERSION:
            raise ValueError(f"rule state of version {state.get('version')!r}; this camwire reads {VERSION}")
        found = successors(state["prints"], self._prints)
        self._rules = {found[name]: dict(kept) for name, kept in state["rules"].items() if name in found}
        self._cameras = dict(state["cameras"]) if objects else {}
        if not objects:
            self._rules = {name: deserted(cameras) for name, cameras in self._rules.items()}

    def counts_of(self, camera: str) -> dict[str, Counts]:
        """By rule, what was counted of a camera that hasn't come yet."""
        kept = {name: cameras[camera] for name, cameras in self._rules.items() if camera in cameras}
        return {
            name: counts
            for name, own in kept.items()
            if self._configured[name].applies_to(camera) and (counts := _counts(own))
        }

    def clear(self, rules: Collection[str] | None) -> None:
        """Drop counts and extras that no camera has claimed yet."""
        for name, cameras in self._rules.items():
            if rules is None or name in rules:
                for camera, kept in cameras.items():
                    cameras[camera] = kept | {"counts": {}, "extra": None}

    def take_over(
        self, camera: str, number: int, kinds: Sequence[RuleKind[Any]], table: ObjectTable
    ) -> CameraClock:
        """Give a camera that just came the state it had; returns its clock."""
        known = self._cameras.pop(camera, None)
        clock = CameraClock(*known["clock"]) if known else CameraClock()
        if known:
            _place_objects(known["objects"], number, kinds, table)
        for kind in kinds:
            for instance in kind.instances_of(number):
                kept = self._rules.get(instance.rule.name, {}).pop(camera, None)
                if kept:
                    place = int(kind.tables.start[number]) + instance.column
                    _take_over(kind, place, instance, kept, table, same_clock=known is not None)
        return clock


def _exported(
    kind: RuleKind[Any], place: int, instance: Instance[Any], table: ObjectTable, objects: bool
) -> dict[str, Any]:
    columns, column = kind.state.columns, instance.column
    slots = table.slots_of(instance.camera) if objects else {}
    cells = {object_id: slot * columns + column for object_id, slot in slots.items()}
    return {
        "counts": instance.tally.snapshot(),
        "extra": kind.export_extra(place),
        "objects": {
            object_id: kind.state.read(cell)
            for object_id, cell in cells.items()
            if not kind.state.is_empty(cell)
        },
    }


def _counts(kept: Mapping[str, Any]) -> Counts:
    """Nobody is inside where nobody is known of."""
    counts: Counts = kept["counts"]
    return (
        counts if kept["objects"] else {name: {} if name in Zones.kept else counts[name] for name in counts}
    )


def _object(table: ObjectTable, slot: int) -> list[Any]:
    return [
        int(table.ids[slot]),
        float(table.last_seen[slot]),
        table.boxes[slot].tolist(),
        float(table.scores[slot]),
        int(table.classes[slot]),
    ]


def _place_objects(
    objects: Sequence[Sequence[Any]], number: int, kinds: Sequence[RuleKind[Any]], table: ObjectTable
) -> None:
    ids = np.array([item[0] for item in objects], np.int64)
    slots, grown = table.find(Runs(np.array([number]), np.array([len(ids)])), ids)
    if grown:
        for kind in kinds:
            kind.state.grow(table.capacity)
    table.remember(slots, np.array([item[1] for item in objects]))
    for slot, (_, _, box, score, class_id) in zip(slots.tolist(), objects, strict=True):
        table.boxes[slot], table.scores[slot], table.classes[slot] = box, score, class_id


def _take_over(
    kind: RuleKind[Any],
    place: int,
    instance: Instance[Any],
    kept: Mapping[str, Any],
    table: ObjectTable,
    *,
    same_clock: bool,
) -> None:
    instance.tally.restore(kept["counts"])
    if kept["extra"] is not None:
        kind.restore_extra(place, kept["extra"], same_clock=same_clock)
    slots = table.slots_of(instance.camera)
    for object_id, values in kept["objects"].items():
        slot = slots.get(int(object_id))
        if slot is not None:
            kind.state.write(slot * kind.state.columns + instance.column, values)
    if isinstance(kind, Zones):
        kind.recount(place, table)
