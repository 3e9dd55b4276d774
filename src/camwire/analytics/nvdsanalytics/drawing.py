"""What DeepStream's nvdsanalytics has nvdsosd draw: shapes, their labels and counts, objects' statuses."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from camwire.analytics.nvdsanalytics.results import FrameResult, ObjectResult
from camwire.analytics.nvdsanalytics.settings import Overcrowding, Point, Roi, Settings, StreamSettings
from camwire.analytics.nvdsanalytics.shapes import Scale
from camwire.devices.annotations import Annotation, Colour, Sign, Stroke
from camwire.frames import Size

ROI_COLOUR: Colour = (255, 255, 0)
CROWD_COLOUR: Colour = (255, 128, 0)
LINE_COLOUR: Colour = (0, 255, 0)
DIRECTION_COLOUR: Colour = (255, 0, 0)
LINE_WIDTH = 2
COUNTS_PLACE = (5, 5)
"""Pixels of the picture, whatever its size."""
HEAD_LENGTH = 0.15
"""Of an arrow's length."""
HEAD_ANGLE = math.radians(15)

SHAPES, COUNTS = 1, 2
"""Values of `osd-mode`: from the first on shapes and labels are drawn, from the second on what was found."""

_Text = Callable[[FrameResult], str]


class Sketch:
    """One stream's drawing: shapes once, in pixels of its frames, and texts for each frame."""

    def __init__(self, settings: Settings, stream: StreamSettings, size: tuple[int, int]) -> None:
        """``size`` is the width and height of the stream's frames."""
        self._size = Size(*size)
        self._settings = settings
        self._signs: list[tuple[Sign, _Text]] = []
        if settings.osd_mode >= SHAPES:
            self._add_shapes(stream, Scale.between((stream.width, stream.height), size))

    def annotation(self, result: FrameResult) -> Annotation:
        """What is drawn on the frame that ``result`` is of."""
        signs = [
            Sign(sign.toggle, sign.colour, sign.strokes, text(result), sign.place)
            for sign, text in self._signs
        ]
        if self._settings.show_counts:
            signs.insert(0, Sign("zones", ROI_COLOUR, (), _object_counts(result), COUNTS_PLACE))
        remarks, inverted = self._on_objects(result)
        return Annotation(
            self._size, tuple(signs), LINE_WIDTH, self._settings.font_size, remarks, frozenset(inverted)
        )

    def _add_shapes(self, stream: StreamSettings, scale: Scale) -> None:
        counted = self._settings.osd_mode >= COUNTS
        for roi in stream.rois:
            if roi.enabled:
                text = _roi_text(roi.label) if counted else _label(roi.label)
                self._add_region(roi, scale, ROI_COLOUR, text)
        for crowd in stream.overcrowdings:
            if crowd.enabled:
                text = _crowd_text(crowd.label) if counted else _label(crowd.label)
                self._add_region(crowd, scale, CROWD_COLOUR, text)
        for way in stream.directions:
            if way.enabled:
                start, end = map(scale, way.arrow)
                self._add("lines", DIRECTION_COLOUR, arrow(start, end), start, _label(way.label))
        for line in stream.lines:
            if line.enabled:
                first, last = map(scale, line.ends)
                strokes = (*arrow(scale(line.arrow[0]), scale(line.arrow[1])), (*first, *last))
                text = _line_text(line.label) if counted else _label(line.label)
                self._add("lines", LINE_COLOUR, strokes, last, text)

    def _add_region(self, region: Roi | Overcrowding, scale: Scale, colour: Colour, text: _Text) -> None:
        """The label's x is the first corner's and its y the second's, as in DeepStream."""
        corners = [scale(point) for point in region.polygon]
        sides = tuple((*start, *end) for start, end in zip(corners, [*corners[1:], corners[0]], strict=True))
        second = corners[min(1, len(corners) - 1)]
        self._add("zones", colour, sides, (corners[0][0], second[1]), text)

    def _add(
        self, toggle: str, colour: Colour, strokes: tuple[Stroke, ...], place: Point, text: _Text
    ) -> None:
        self._signs.append((Sign(toggle, colour, strokes, "", place), text))

    def _on_objects(self, result: FrameResult) -> tuple[Mapping[int, str], list[int]]:
        """Statuses by place, and the places of those that are in a region or have crossed a line."""
        if self._settings.osd_mode < COUNTS:
            return {}, []
        remarks = {item.index: item.status for item in result.objects if item.status}
        return remarks, [item.index for item in result.objects if _stands_out(item)]


def arrow(start: Point, end: Point) -> tuple[Stroke, ...]:
    """A stroke, and two short ones that make its head at ``end``."""
    x, y = start[0] - end[0], start[1] - end[1]
    cosine, sine = HEAD_LENGTH * math.cos(HEAD_ANGLE), HEAD_LENGTH * math.sin(HEAD_ANGLE)
    return (
        (*start, *end),
        (int(end[0] + x * cosine + y * sine), int(end[1] + y * cosine - x * sine), *end),
        (int(end[0] + x * cosine - y * sine), int(end[1] + y * cosine + x * sine), *end),
    )


def _stands_out(item: ObjectResult) -> bool:
    """By the status's text, as DeepStream decides it: labels count, too."""
    return "ROI:" in item.status or "LC:" in item.status


def _label(label: str) -> _Text:
    return lambda _: label


def _roi_text(label: str) -> _Text:
    return lambda result: f"{label}={result.region_counts[label]}"


def _crowd_text(label: str) -> _Text:
    return lambda result: (
        f"{label} OverCrowding={result.overcrowded[label]}, Count={result.crowd_counts[label]}"
    )


def _line_text(label: str) -> _Text:
    return lambda result: f"{label}={result.line_totals[label]}"


def _object_counts(result: FrameResult) -> str:
    counts = sorted(result.object_counts.items())
    return "Count for" + "".join(f" ClassId{class_id}={count}" for class_id, count in counts)
