"""The rules' shapes: zones, lines and directions, with what they have counted."""

from __future__ import annotations

import cv2
import numpy as np

from camwire.config.rules import DirectionRule, LineRule, Point, Rule, ZoneRule
from camwire.devices.contracts import Overlay, RuleCounts
from camwire.devices.cpu.labels import paste, text_plate
from camwire.devices.cpu.lines import BITS, FARTHEST, draw_lines, eighths
from camwire.devices.cpu.palette import INK, Colour, Style
from camwire.frames import Float64Array, Frame, Int32Array, Size, UInt8Array

TINT = 0.15
"""How much of a zone's colour lies on its pixels."""
ARROW = 12
"""Length of the arrow that shows which way over a line is in, in widths of a line."""


def draw_rules(picture: UInt8Array, frame: Frame, overlay: Overlay, style: Style) -> None:
    """Draw the shapes of the rules that are for the frame's camera and whose toggle is on."""
    counts = overlay.counts.get(frame.camera, {})
    for rule in overlay.rules:
        if not rule.applies_to(frame.camera):
            continue
        colour = bgr(rule.colour)
        full = frame.size if overlay.bound is None else frame.source_size.fitted_into(overlay.bound)
        points = rule_pixels(rule, frame.size, full)
        if isinstance(rule, ZoneRule) and "zones" in overlay.toggles:
            _draw_zone(picture, points, colour, style)
        elif isinstance(rule, LineRule) and "lines" in overlay.toggles:
            _draw_line(picture, points, colour, style)
        elif isinstance(rule, DirectionRule) and "lines" in overlay.toggles:
            _draw_arrow(picture, points[0], points[1], colour, style)
        else:
            continue
        plate = text_plate(caption(rule.name, counts.get(rule.name, {})), colour, style.text)
        left, top = points[0].tolist()
        paste(picture, (plate,), left, top - style.line)


def caption(name: str, counts: RuleCounts) -> str:
    """`door  in 3  out 1`: all classes together."""
    return "  ".join([name, *(f"{what} {sum(by_class.values())}" for what, by_class in counts.items())])


def bgr(colour: str) -> Colour:
    """Of `#rrggbb`."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return blue, green, red


def rule_pixels(rule: Rule, size: Size, full: Size) -> Int32Array:
    """[points, 2] of the rule on a picture of ``size``, for a full picture of ``full``.

    OpenCV's coordinates are of pixel centres, ours of their corners.
    """
    placed: list[Point] = rule.placed(rule.points(), full)
    points = np.array(placed, np.float64).reshape(-1, 2) * np.array(size) / np.array(full) - 0.5
    pixels: Int32Array = np.rint(points.clip(-FARTHEST, FARTHEST)).astype(np.int32)
    return pixels


def arrow_inwards(ends: Int32Array | Float64Array, style: Style) -> Float64Array:
    """[start, end] × [x, y] of the arrow across a line's middle that points to the side that is in."""
    start, end = ends.astype(np.float64)
    along = end - start
    across = np.array((-along[1], along[0])) / max(float(np.hypot(*along)), 1.0)
    middle = (start + end) / 2
    arrow: Float64Array = np.stack((middle, middle + across * ARROW * style.line))
    return arrow


def _draw_zone(picture: UInt8Array, corners: Int32Array, colour: Colour, style: Style) -> None:
    height, width = picture.shape[:2]
    left, top = corners.min(axis=0).clip(0)
    right, bottom = np.minimum(corners.max(axis=0) + 1, (width, height))
    if right > left and bottom > top:
        part = picture[top:bottom, left:right]
        tinted = part.copy()
        cv2.fillPoly(tinted, [corners - (left, top)], colour)
        cv2.addWeighted(tinted, TINT, part, 1 - TINT, 0, dst=part)
    for ink, thickness in ((INK, style.line + 2), (colour, style.line)):
        draw_lines(picture, [eighths(corners)], ink, thickness, closed=True)


def _draw_line(picture: UInt8Array, ends: Int32Array, colour: Colour, style: Style) -> None:
    for ink, thickness in ((INK, style.line + 4), (colour, style.line + 2)):
        draw_lines(picture, [eighths(ends)], ink, thickness)
    start, end = np.rint(arrow_inwards(ends, style)).astype(np.int32)
    _draw_arrow(picture, start, end, colour, style)


def _draw_arrow(
    picture: UInt8Array, start: Int32Array, end: Int32Array, colour: Colour, style: Style
) -> None:
    length = max(float(np.hypot(*(end - start))), 1.0)
    head = min(0.4, 6 * style.line / length)
    for ink, thickness in ((INK, style.line + 2), (colour, style.line)):
        cv2.arrowedLine(
            picture, eighths(start).tolist(), eighths(end).tolist(), ink, thickness, cv2.LINE_8, BITS, head
        )
