"""One step's input, laid out for the rules, and the list that takes their events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from camwire.analytics.clock import CameraClock
from camwire.analytics.rules.events import Counts, Event, Kind, Subject
from camwire.analytics.rules.objects import ObjectTable
from camwire.analytics.rules.runs import Runs
from camwire.config.rules import Anchor
from camwire.frames import Batch, BoolArray, Float32Array, Float64Array, Int64Array, Tracks

if TYPE_CHECKING:
    from camwire.analytics.rules.instances import Instance

ANCHORS: tuple[Anchor, ...] = ("bottom_centre", "centre", "top_centre")


class AnchorPoints:
    """The points of boxes [N, 4] that can count, worked out when they are asked for."""

    def __init__(self, boxes: Float32Array) -> None:
        self._boxes = boxes

    @cached_property
    def _sides(self) -> Float64Array:
        """[4, N] x1, y1, x2, y2."""
        return np.array(self._boxes.T, np.float64, order="C")

    @cached_property
    def _middle(self) -> Float64Array:
        x1, _, x2, _ = self._sides
        middle: Float64Array = (x1 + x2) / 2
        return middle

    def of(self, anchor: int) -> tuple[Float64Array, Float64Array]:
        """[N] x and y of the anchor at this place in ``ANCHORS``."""
        _, y1, _, y2 = self._sides
        match ANCHORS[anchor]:
            case "bottom_centre":
                return self._middle, y2
            case "centre":
                return self._middle, (y1 + y2) / 2
            case "top_centre":
                return self._middle, y1

    def all(self) -> Float64Array:
        """[anchors, 2, N] x and y, in the order of ``ANCHORS``."""
        return np.array([self.of(anchor) for anchor in range(len(ANCHORS))])


def class_name(class_names: Sequence[str], class_id: int) -> str:
    """A class's name; its number where the model doesn't name it."""
    return class_names[class_id] if 0 <= class_id < len(class_names) else str(class_id)


@dataclass(frozen=True, slots=True)
class Moment:
    """A batch with the rules' view of it; N rows as in the Tracks, C cameras in all."""

    batch: Batch
    tracks: Tracks
    table: ObjectTable
    cameras: Runs
    """Numbers of the rows' cameras, one run a frame."""
    slots: Int64Array
    """[N] slot of the row's object."""
    times: list[float]
    """By frame, the camera's clock."""
    now: Float64Array
    """[N] the camera's clock."""
    overdue: Int64Array
    """Slots, ascending, of objects that had not been seen for too long when the batch came."""
    returned: Int64Array
    """Those of them that are in it: nothing is known of where they were in between."""
    gone: Int64Array
    """Those of them that aren't."""
    anchors: AnchorPoints
    clocks: Sequence[CameraClock]
    """By camera's number."""
    frames: dict[int, int]
    """Camera's number → position of its frame in the batch."""
    speeds: Float32Array
    """[N], for the speed rules to fill in."""
    reports: Reports

    def every_time(self) -> Float64Array:
        """[C] every camera's clock."""
        return np.array([clock.now for clock in self.clocks])

    def present(self) -> BoolArray:
        """[C] whether the camera has a frame in the batch."""
        present = np.zeros(len(self.clocks), bool)
        present[self.cameras.which] = True
        return present

    def before(self) -> Float64Array:
        """[N] when the object was last seen; NaN for those that are new or were out of sight for too long."""
        before = self.table.last_seen.take(self.slots)
        if len(self.returned):
            before[self.table.are_among(self.slots, self.returned)] = np.nan
        return before


@dataclass(slots=True)
class Reports:
    """Collects the events of one step."""

    class_names: tuple[str, ...]
    _events: list[tuple[int, int, Event]] = field(default_factory=list)

    def add(
        self,
        moment: Moment,
        instance: Instance[Any],
        kind: Kind,
        counts: Counts,
        slot: int | None = None,
        row: int | None = None,
        value: float | None = None,
    ) -> None:
        """Add an event about the object in ``row``, or in ``slot`` as it was last seen; or about none."""
        position = moment.frames[instance.camera]
        frame = moment.batch.frames[position]
        source: Tracks | ObjectTable = moment.tracks
        if row is None:
            row, source = slot, moment.table
        event = Event(
            kind=kind,
            rule=instance.rule.name,
            camera=frame.camera,
            time=frame.captured,
            sequence=frame.sequence,
            subject=None if row is None else self._subject(source, row),
            value=value,
            counts=counts,
        )
        self._events.append((position, instance.order, event))

    def sorted(self) -> tuple[Event, ...]:
        self._events.sort(key=lambda entry: entry[:2])
        return tuple(event for _, _, event in self._events)

    def _subject(self, source: Tracks | ObjectTable, row: int) -> Subject:
        x1, y1, x2, y2 = source.boxes[row].tolist()
        return Subject(
            object_id=int(source.ids[row]),
            class_name=class_name(self.class_names, int(source.classes[row])),
            score=float(source.scores[row]),
            box=(x1, y1, x2, y2),
        )
