"""The rules, applied to one stream's frames one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from camwire.analytics.nvdsanalytics.carith import divided, int32, int64, quotient, single, squared_length
from camwire.analytics.nvdsanalytics.history import Box, Track, TrackedObject
from camwire.analytics.nvdsanalytics.results import FrameResult, ObjectResult
from camwire.analytics.nvdsanalytics.settings import (
    Direction,
    Entry,
    Line,
    Mode,
    Overcrowding,
    Roi,
    StreamSettings,
)
from camwire.analytics.nvdsanalytics.shapes import (
    CountingLine,
    Polygon,
    Scale,
    Sense,
    Vector,
    goes_along,
    unit_vector,
)
from camwire.analytics.nvdsanalytics.smoothing import CountFilter

AnyEntry = TypeVar("AnyEntry", bound=Entry)

UNTRACKED = 2**64 - 1
"""The id of an object that no tracker follows."""

TIME_OUT_MS = 8000
STOPPED_VARIANCE_X = 400
STOPPED_VARIANCE_Y = 0.01
"""Relative to the mean height."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a movement must exceed (displacement² and samples) or reach (cosine)."""

    displacement: int
    samples: int
    cosine: float


DIRECTION_THRESHOLDS = Thresholds(3000, 10, 0.5)
LINE_THRESHOLDS = {
    Mode.STRICT: Thresholds(6000, 20, single(0.8)),
    Mode.BALANCED: Thresholds(3000, 10, 0.5),
    Mode.LOOSE: Thresholds(1000, 3, single(0.1)),
}


@dataclass(slots=True)
class _Way:
    entry: Direction
    along: Vector
    on: bool = True


@dataclass(slots=True)
class _CountedLine:
    entry: Line
    shape: CountingLine
    thresholds: Thresholds
    on: bool = True


@dataclass(frozen=True, slots=True)
class _Rules:
    """Those that look at objects of one class."""

    rois: list[tuple[Roi, Polygon]]
    crowds: list[tuple[Overcrowding, Polygon]]
    ways: list[_Way]
    lines: list[_CountedLine]


class _Moment:
    """One object in one frame, with what its history says."""

    __slots__ = ("before", "bottom", "box", "displacement", "foot", "item", "result", "rules", "track")

    def __init__(self, index: int, item: TrackedObject, box: Box, track: Track, rules: _Rules) -> None:
        """``track`` has the box already."""
        self.item = item
        self.box = box
        self.bottom = box.bottom
        self.track = track
        self.rules = rules
        self.result = ObjectResult(index)
        self.foot = (box.x, int32(box.y + track.half_height))
        """Bottom centre, with the smoothed height."""
        self.before = track.reference()
        self.displacement = squared_length(box.x - self.before.x, self.bottom - self.before.bottom)
        """The square of the way from the reference bottom centre, in pixels²."""

    def exceeds(self, thresholds: Thresholds) -> bool:
        return self.track.count > thresholds.samples and self.displacement > thresholds.displacement


class StreamContext:
    """One stream: its shapes in pixels, its tracks, its cumulative counts."""

    def __init__(self, settings: StreamSettings, size: tuple[int, int], window: int) -> None:
        """``size`` is the width and height of the stream's frames, ``window`` the setting of that name."""
        self._settings = settings
        self._window = window
        self._line_totals: Counter[str] = Counter()
        self._filters: dict[int, CountFilter] = {}
        self.resize(size)

    def resize(self, size: tuple[int, int]) -> None:
        """Place the shapes in frames of this size. What is known of objects is in pixels: it is forgotten."""
        self.size = size
        settings, scale = self._settings, Scale.between((self._settings.width, self._settings.height), size)
        self._rois = [(roi, _scaled(roi, scale)) for roi in _on(settings.rois)]
        self._crowds = [(crowd, _scaled(crowd, scale)) for crowd in _on(settings.overcrowdings)]
        self._ways = [
            _Way(way, unit_vector(scale(way.arrow[0]), scale(way.arrow[1])))
            for way in _on(settings.directions)
        ]
        self._lines = [_scaled_line(line, scale) for line in _on(settings.lines)]
        self._line_labels = [line.entry.label for line in self._lines]
        self._by_class: dict[int, _Rules] = {}
        self.forget_objects()

    def forget_objects(self) -> None:
        """Objects that come are new ones; what was counted stays."""
        self._tracks: dict[int, Track] = {}

    def process(self, pts: int, objects: Sequence[TrackedObject]) -> FrameResult:
        """Apply every rule to a frame; ``pts`` in nanoseconds."""
        self._drop_old_tracks(pts)
        roi_counts: Counter[str] = Counter()
        crowd_counts: Counter[str] = Counter()
        overcrowded: set[str] = set()
        line_counts: Counter[str] = Counter()
        reported = []
        for index, item in enumerate(objects):
            moment = self._moment(index, item, pts)
            for label in self._apply_rois(moment):
                roi_counts[label] += 1
            for crowd in self._apply_crowds(moment):
                crowd_counts[crowd.label] += 1
                if crowd_counts[crowd.label] >= crowd.threshold:
                    overcrowded.add(crowd.label)
            self._apply_directions(moment)
            for label in self._apply_lines(moment):
                line_counts[label] += 1
            if moment.result.is_reported:
                reported.append(moment.result)
        self._line_totals.update(line_counts)
        counts, ties = self._smoothed(Counter(item.class_id for item in objects), pts)
        crowd_labels = [crowd.label for crowd, _ in self._crowds]
        return FrameResult(
            region_counts={roi.label: roi_counts[roi.label] for roi, _ in self._rois},
            crowd_counts={label: crowd_counts[label] for label in crowd_labels},
            overcrowded={label: label in overcrowded for label in crowd_labels},
            line_counts={label: line_counts[label] for label in self._line_labels},
            line_totals={label: self._line_totals[label] for label in self._line_labels},
            object_counts=counts,
            tied_counts=ties,
            objects=reported,
        )

    def _drop_old_tracks(self, pts: int) -> None:
        def is_old(track: Track) -> bool:
            return int64(pts - track.last_seen) / 1e6 >= TIME_OUT_MS + 1

        for object_id in [object_id for object_id, track in self._tracks.items() if is_old(track)]:
            del self._tracks[object_id]

    def _moment(self, index: int, item: TrackedObject, pts: int) -> _Moment:
        track = self._tracks.get(item.object_id)
        if track is None:
            track = self._tracks[item.object_id] = Track(self._window)
        box = Box.of(item)
        track.add(box, pts)
        return _Moment(index, item, box, track, self._rules_for(item.class_id))

    def _rules_for(self, class_id: int) -> _Rules:
        rules = self._by_class.get(class_id)
        if rules is None:
            rules = self._by_class[class_id] = _Rules(
                [shape for shape in self._rois if shape[0].applies_to(class_id)],
                [shape for shape in self._crowds if shape[0].applies_to(class_id)],
                [way for way in self._ways if way.entry.applies_to(class_id)],
                [line for line in self._lines if line.entry.applies_to(class_id)],
            )
        return rules

    def _apply_rois(self, moment: _Moment) -> list[str]:
        result = moment.result
        for roi, polygon in moment.rules.rois:
            if polygon.contains(*moment.foot) != roi.inverse:
                result.status += f" ROI:{roi.label}"
                result.rois.append(roi.label)
        return result.rois

    def _apply_crowds(self, moment: _Moment) -> list[Overcrowding]:
        inside = [crowd for crowd, polygon in moment.rules.crowds if polygon.contains(*moment.foot)]
        moment.result.crowds += [crowd.label for crowd in inside]
        return inside

    def _apply_directions(self, moment: _Moment) -> None:
        item, result = moment.item, moment.result
        ways = [way for way in moment.rules.ways if way.on]
        if not ways:
            return
        stopped = self._has_stopped(moment.track)
        if item.object_id == UNTRACKED:
            for way in ways[:1] if stopped else ways:
                way.on = False  # For good, though this one object still gets its answer.
        if stopped:
            result.status += " STOPPED "
        elif moment.exceeds(DIRECTION_THRESHOLDS):
            result.direction = "".join(f" DIR:{way.entry.label} " for way in ways if _goes(moment, way.along))
            result.status += result.direction

    def _has_stopped(self, track: Track) -> bool:
        if track.count <= self._window or not track.variance_x() <= STOPPED_VARIANCE_X:
            return False
        return single(divided(track.variance_y(), track.mean_height)) <= STOPPED_VARIANCE_Y

    def _apply_lines(self, moment: _Moment) -> list[str]:
        result = moment.result
        for line in moment.rules.lines:
            label = line.entry.label
            if not line.on or label in moment.track.crossed:
                continue
            if moment.item.object_id == UNTRACKED:
                line.on = False
            if moment.exceeds(line.thresholds) and _crosses(moment, line):
                moment.track.crossed.add(label)
                result.lines.append(label)
                result.status += f" LC:{label} "
        return result.lines

    def _smoothed(self, counts: Counter[int], pts: int) -> tuple[dict[int, int], dict[int, list[int]]]:
        """Smoothed counts and ties by class. A class that is absent now was seen zero times."""
        smoothed = {}
        for class_id, count in counts.items():
            known = self._filters.setdefault(class_id, CountFilter(self._window))
            smoothed[class_id] = known.smooth(count, pts)
        for class_id, known in self._filters.items():
            if known.updated != pts:
                smoothed[class_id] = known.smooth(0, pts)
        tied = {class_id: self._filters[class_id].tied() for class_id in smoothed}
        return smoothed, {class_id: values for class_id, values in tied.items() if len(values) > 1}


def _on(entries: Iterable[AnyEntry]) -> list[AnyEntry]:
    return [entry for entry in entries if entry.enabled]


def _scaled(region: Roi | Overcrowding, scale: Scale) -> Polygon:
    return Polygon([scale(point) for point in region.polygon])


def _scaled_line(line: Line, scale: Scale) -> _CountedLine:
    arrow = (scale(line.arrow[0]), scale(line.arrow[1]))
    shape = CountingLine(arrow, (scale(line.ends[0]), scale(line.ends[1])))
    return _CountedLine(line, shape, LINE_THRESHOLDS[line.mode])


def _goes(moment: _Moment, along: Vector) -> bool:
    x, y = moment.box.x - moment.before.x, moment.box.y - moment.before.y
    return goes_along(along, x, y, DIRECTION_THRESHOLDS.cosine)


def _crosses(moment: _Moment, line: _CountedLine) -> bool:
    box, before, shape = moment.box, moment.before, line.shape
    end = (box.x, moment.bottom)
    half = moment.track.mean_height / 2
    if line.entry.mode is Mode.LOOSE and shape.sense is not Sense.DIRECTION:
        crossed = shape.crossed_in_sense((before.x, single(before.y + half)), end)
    else:
        start = (before.x, int32(before.y + moment.track.half_height))
        crossed = shape.crossed_along(start, end, line.thresholds.cosine)
    if line.entry.extended or not crossed:
        return crossed
    start_y, end_y = before.y + half, box.y + box.height / 2
    start_side, end_side = quotient(before.width, 2), quotient(box.width, 2)
    return any(
        shape.meets_between_ends((before.x + side * start_side, start_y), (box.x + side * end_side, end_y))
        for side in (0, 1, -1)
    )
