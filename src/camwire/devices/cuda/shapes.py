"""What the draw kernel draws besides boxes, labels and traces: strokes, areas, plates and masks.

Rules' zones, lines and captions and objects' masks lie below the traces; skeletons and oriented boxes above
the boxes. Everything is made of four kinds of shape and drawn in the order of the list, as the CPU draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import atan2, cos, hypot, pi, sin
from typing import NamedTuple

import numpy as np

from camwire.config.rules import DirectionRule, LineRule, Rule, ZoneRule
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.labels import text_plate
from camwire.devices.cpu.masks import OPACITY
from camwire.devices.cpu.palette import Colour, Style
from camwire.devices.cpu.skeletons import FARTHEST, LEAST_SURE, LIMBS
from camwire.devices.cpu.zones import ARROW, TINT, bgr, caption, rule_pixels
from camwire.devices.cuda.colours import JPEG_OF_RGB
from camwire.devices.cuda.scene import COLOURS, DARK, jpeg_colours
from camwire.devices.cuda.surfaces import Records
from camwire.frames import Batch, Float32Array, Frame, Size, Tracks, UInt8Array

STROKE, AREA, PLATE, MASK = range(4)

SHAPE = np.dtype(
    [
        *((name, np.int32) for name in ("kind", "first", "last", "pitch")),
        *((name, np.float32) for name in ("left", "top", "right", "bottom")),
        ("line", np.float32, 4),
        ("reach", np.float32),
        ("part", np.float32),
        ("colour", np.float32, 3),
        ("reserved", np.int32),
    ]
)
"""``Shape`` of kernels/draw.cu."""


class Shapes(NamedTuple):
    """Of a batch's pictures."""

    records: Records
    """[n] of SHAPE, the pictures' one after the other; each first those below the traces."""
    ends: list[tuple[int, int, int]]
    """For each picture: its first shape, the first of those above the boxes, and the end."""
    corners: Float32Array
    """[m, 2] of areas."""
    pixels: UInt8Array
    """Plates' pixels (Y, Cb, Cr) and masks, one after the other."""


NO_SHAPES = np.zeros(0, SHAPE)


class _Sheet:
    """Collects shapes with their corners and pixels."""

    def __init__(self) -> None:
        self.records: list[Records] = []
        self.count = 0
        self._corners: list[Float32Array] = []
        self._corner_count = 0
        self._pixels: list[UInt8Array] = []
        self._pixel_count = 0

    def add(self, records: Records) -> None:
        if len(records):
            self.records.append(records)
            self.count += len(records)

    def add_area(self, record: Records, corners: Float32Array) -> None:
        record = record.copy()
        record["first"], record["last"] = self._corner_count, self._corner_count + len(corners)
        self._corners.append(corners)
        self._corner_count += len(corners)
        self.add(record)

    def add_pixels(self, records: Records, pixels: UInt8Array, each: int) -> None:
        """``each``: bytes of one record's pixels."""
        records["first"] = self._pixel_count + each * np.arange(len(records))
        self._pixels.append(pixels.reshape(-1))
        self._pixel_count += pixels.size
        self.add(records)

    def shapes(self, ends: list[tuple[int, int, int]]) -> Shapes:
        return Shapes(
            np.concatenate(self.records) if self.records else NO_SHAPES,
            ends,
            np.concatenate(self._corners) if self._corners else np.zeros((0, 2), np.float32),
            np.concatenate(self._pixels) if self._pixels else np.zeros(0, np.uint8),
        )


def pack_shapes(batch: Batch, chosen: Sequence[int], tracks: Tracks, overlay: Overlay) -> Shapes:
    """Everything that ``overlay`` wants drawn on the frames at the positions ``chosen``."""
    on, sheet = overlay.toggles, _Sheet()
    rules = overlay.rules if on & {"zones", "lines"} else ()
    masks = tracks.masks if "masks" in on else None
    keypoints = tracks.keypoints if "keypoints" in on else None
    turned = tracks.corners if "boxes" in on else None
    if not rules and masks is None and keypoints is None and turned is None:
        return sheet.shapes([(0, 0, 0)] * len(chosen))
    ends = []
    for index in chosen:
        frame, rows, first = batch.frames[index], tracks.rows_of(index), sheet.count
        style, classes = Style.for_size(frame.size), tracks.classes[rows]
        for rule in rules:
            if rule.applies_to(frame.camera):
                _add_rule(sheet, rule, frame, overlay, style)
        if masks is not None and rows.start < rows.stop:
            _add_masks(sheet, masks[rows], tracks.boxes[rows], classes, frame.size)
        middle = sheet.count
        if turned is not None:
            sheet.add(turned_boxes(turned[rows], classes, style))
        if keypoints is not None:
            sheet.add(skeletons(keypoints[rows], classes, style))
        ends.append((first, middle, sheet.count))
    return sheet.shapes(ends)


def _add_rule(sheet: _Sheet, rule: Rule, frame: Frame, overlay: Overlay, style: Style) -> None:
    full = frame.size if overlay.bound is None else frame.source_size.fitted_into(overlay.bound)
    wanted = "zones" if isinstance(rule, ZoneRule) else "lines"
    if wanted not in overlay.toggles or not isinstance(rule, (ZoneRule, LineRule, DirectionRule)):
        return
    drawn = _drawn_rule(rule, frame.size, full, style)
    if drawn.area is not None:
        sheet.add_area(drawn.area, drawn.corners)
    sheet.add(drawn.strokes)
    counts = overlay.counts.get(frame.camera, {})
    pixels = _plate(caption(rule.name, counts.get(rule.name, {})), bgr(rule.colour), style.text)
    height, width = pixels.shape[:2]
    left = max(0, min(drawn.left, frame.size.width - width))
    top = max(0, min(drawn.bottom - height, frame.size.height - height))
    record = np.zeros(1, SHAPE)
    record["kind"], record["pitch"] = PLATE, 3 * width
    record["left"], record["top"], record["right"], record["bottom"] = left, top, left + width, top + height
    sheet.add_pixels(record, pixels, pixels.size)


class _DrawnRule(NamedTuple):
    """What is the same in every frame."""

    area: Records | None
    corners: Float32Array
    strokes: Records
    left: int
    """Of the caption, and ..."""
    bottom: int


@lru_cache(maxsize=1024)
def _drawn_rule(
    rule: ZoneRule | LineRule | DirectionRule, size: Size, full: Size, style: Style
) -> _DrawnRule:
    pixels = rule_pixels(rule, size, full)
    colour, area = bgr(rule.colour), None
    if isinstance(rule, ZoneRule):
        corners = pixels.astype(np.float32) + 0.5
        ring = np.stack((pixels, np.roll(pixels, -1, axis=0)), axis=1)
        strokes = _edged(ring, colour, style.line)
        area = np.zeros(1, SHAPE)
        area["kind"], area["part"], area["colour"] = AREA, TINT, jpeg_colours([colour])
        (area["left"], area["top"]), (area["right"], area["bottom"]) = (
            corners.min(axis=0),
            corners.max(axis=0),
        )
    else:
        corners = np.zeros((0, 2), np.float32)
        strokes = (
            _line(pixels, colour, style)
            if isinstance(rule, LineRule)
            else _arrow(pixels[0], pixels[1], colour, style)
        )
    left, top = pixels[0].tolist()
    return _DrawnRule(area, corners, strokes, left, top - style.line)


def _line(ends: np.ndarray, colour: Colour, style: Style) -> Records:
    """With an arrow across its middle that points to the side that is in."""
    along = (ends[1] - ends[0]).astype(np.float64)
    across = np.array((-along[1], along[0])) / max(np.hypot(*along), 1.0)
    middle = ends.mean(axis=0)
    tip = np.rint(middle + across * ARROW * style.line)
    arrow = _arrow(np.rint(middle), tip, colour, style)
    return np.concatenate((_edged(ends[None], colour, style.line + 2), arrow))


def _arrow(start: np.ndarray, end: np.ndarray, colour: Colour, style: Style) -> Records:
    """As ``cv2.arrowedLine`` draws it."""
    (x, y), (tip_x, tip_y) = start.tolist(), end.tolist()
    length = max(hypot(tip_x - x, tip_y - y), 1.0)
    barb = hypot(tip_x - x, tip_y - y) * min(0.4, 6 * style.line / length)
    angle = atan2(y - tip_y, x - tip_x)
    barbs = [
        (tip_x + barb * cos(angle + turn), tip_y + barb * sin(angle + turn)) for turn in (pi / 4, -pi / 4)
    ]
    lines = [((x, y), (tip_x, tip_y)), *((np.rint(point).tolist(), (tip_x, tip_y)) for point in barbs)]
    return _edged(np.array(lines, np.float64), colour, style.line)


def _edged(lines: np.ndarray, colour: Colour, width: int) -> Records:
    """[2 n] lines [n, 2, 2] in the colour, on broader dark ones."""
    own = jpeg_colours([colour]).repeat(len(lines), axis=0)
    return np.concatenate((strokes(lines, DARK, width + 2), strokes(lines, own, width)))


def strokes(lines: np.ndarray, colours: Float32Array, width: int) -> Records:
    """[n] for lines [n, 2, 2] whose ends are pixels, as OpenCV counts them; ``colours`` [3] or [n, 3].

    OpenCV fills a polygon as wide as the line, or a pixel wider where that is odd, and a thin line of whole
    pixels around it, whose breadth goes by the slope; and a disc at each end.
    """
    records = np.zeros(len(lines), SHAPE)
    ends = lines.astype(np.float32) + np.float32(0.5)
    way = np.abs(ends[:, 1] - ends[:, 0])
    slope = way.max(axis=1) / np.maximum(np.hypot(*way.T), np.float32(1e-6))
    half = (width + 1) // 2 if width > 1 else 0
    records["kind"], records["colour"] = STROKE, colours
    records["reach"], records["part"] = half + 0.5 * slope, half + (0.05 if width > 1 else 0.3)
    records["line"] = ends.reshape(-1, 4)
    records["left"], records["top"] = ends.min(axis=1).T - (half + 1)
    records["right"], records["bottom"] = ends.max(axis=1).T + (half + 1)
    return records


@lru_cache(maxsize=4096)
def _plate(text: str, colour: Colour, text_size: int) -> UInt8Array:
    """[h, w, 3] Y, Cb, Cr."""
    rgb = text_plate(text, colour, text_size)[..., ::-1].astype(np.float64)
    levels = rgb @ JPEG_OF_RGB[:, :3].T + JPEG_OF_RGB[:, 3]
    pixels: UInt8Array = np.rint(levels).clip(0, 255).astype(np.uint8)
    pixels.flags.writeable = False
    return pixels


def _add_masks(
    sheet: _Sheet, masks: UInt8Array, boxes: Float32Array, classes: np.ndarray, size: Size
) -> None:
    shown = masks.any(axis=(1, 2))
    first, last = np.floor(boxes[shown, :2]), np.ceil(boxes[shown, 2:])
    records = np.zeros(len(first), SHAPE)
    records["kind"], records["part"], records["pitch"] = MASK, OPACITY, masks.shape[1]
    records["colour"] = COLOURS[classes[shown] % len(COLOURS)]
    records["left"], records["top"] = first.clip(0, np.array(size) - 1).T
    records["right"], records["bottom"] = last.clip(1, size).T
    sheet.add_pixels(records, masks[shown], masks.shape[1] * masks.shape[2])


def turned_boxes(corners: Float32Array, classes: np.ndarray, style: Style) -> Records:
    """Oriented boxes [N, 4, 2], those that aren't NaN."""
    known = np.isfinite(corners).all(axis=(1, 2))
    points = (corners[known] - 0.5).clip(-FARTHEST, FARTHEST)
    sides = np.stack((points, np.roll(points, -1, axis=1)), axis=2)
    colours = COLOURS[classes[known] % len(COLOURS)]
    # An object's dark edge lies on what was drawn before it, its colour on its own edge.
    dark = strokes(sides.reshape(-1, 2, 2), DARK, style.line + 2).reshape(-1, 1, 4)
    own = strokes(sides.reshape(-1, 2, 2), colours.repeat(4, axis=0), style.line).reshape(-1, 1, 4)
    return np.concatenate((dark, own), axis=1).reshape(-1)


def skeletons(keypoints: Float32Array, classes: np.ndarray, style: Style) -> Records:
    """Keypoints [N, K, 3] that are sure enough, and the limbs between them."""
    sure = (keypoints[..., 2] >= LEAST_SURE) & np.isfinite(keypoints).all(axis=2)
    places = np.rint(np.nan_to_num(keypoints[..., :2] - np.float32(0.5)).clip(-FARTHEST, FARTHEST))
    ends = np.array(LIMBS.get(keypoints.shape[1], ()), np.intp).reshape(-1, 2)
    colours = COLOURS[classes % len(COLOURS)]
    parts = []
    for lines, shown, width in (
        (places[:, ends], sure[:, ends].all(axis=2), style.line),
        (np.stack((places, places), axis=2), sure, 2 * style.line + 1),
    ):
        own = np.broadcast_to(colours[:, None], (*shown.shape, 3))[shown]
        parts += [strokes(lines[shown], DARK, width + 2), strokes(lines[shown], own, width)]
    return np.concatenate(parts)
