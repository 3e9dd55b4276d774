"""The rules' zones, lines, directions and captions, as shapes for the draw kernel."""

from __future__ import annotations

from functools import lru_cache
from math import atan2, cos, hypot, pi, sin
from typing import NamedTuple, TypeGuard

import numpy as np

from camwire.config.rules import DirectionRule, LineRule, Rule, ZoneRule
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.lines import eighths
from camwire.devices.cpu.palette import Colour, Style
from camwire.devices.cpu.zones import TINT, arrow_inwards, bgr, caption, rule_pixels
from camwire.devices.cuda.scene import jpeg_colours
from camwire.devices.cuda.sheet import AREA, SHAPE, Sheet, edged, text_pixels
from camwire.devices.cuda.surfaces import Records
from camwire.frames import Frame, Size


class RuleShapes:
    """The rules on a batch's pictures. What is the same on all pictures of a size is looked up once."""

    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay
        self._rules = [rule for rule in overlay.rules if _is_shown(rule, overlay.toggles)]
        self._drawn: dict[tuple[Size, Size], list[_DrawnRule]] = {}

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, sheet: Sheet, frame: Frame, style: Style) -> None:
        """Everything of the rules that is on the frame's picture."""
        if not any(rule.applies_to(frame.camera) for rule in self._rules):
            return
        counts = self._overlay.counts.get(frame.camera, {})
        for rule, drawn in zip(self._rules, self._on(frame, style), strict=True):
            if not rule.applies_to(frame.camera):
                continue
            if drawn.area is not None:
                sheet.add_area(drawn.area, drawn.corners)
            sheet.add(drawn.strokes)
            plate = text_pixels(caption(rule.name, counts.get(rule.name, {})), drawn.colour, style.text)
            sheet.add_plate(plate, drawn.left, drawn.bottom, frame.size)

    def _on(self, frame: Frame, style: Style) -> list[_DrawnRule]:
        """The rules as they are on pictures like the frame's."""
        drawn = self._drawn.get((frame.size, frame.source_size))
        if drawn is None:
            bound = self._overlay.bound
            full = frame.size if bound is None else frame.source_size.fitted_into(bound)
            drawn = [_drawn_rule(rule, frame.size, full, style) for rule in self._rules]
            self._drawn[frame.size, frame.source_size] = drawn
        return drawn


def _is_shown(rule: Rule, toggles: frozenset[str]) -> TypeGuard[ZoneRule | LineRule | DirectionRule]:
    wanted = "zones" if isinstance(rule, ZoneRule) else "lines"
    return wanted in toggles and isinstance(rule, (ZoneRule, LineRule, DirectionRule))


class _DrawnRule(NamedTuple):
    """What is the same in every frame."""

    area: bytes | None
    """A record, and ..."""
    corners: bytes
    """... float32 [n, 2]."""
    strokes: bytes
    """Records."""
    colour: Colour
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
        strokes = edged(eighths(ring), colour, style.line)
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
    tint = None if area is None else area.tobytes()
    return _DrawnRule(tint, corners.tobytes(), strokes.tobytes(), colour, left, top - style.line)


def _line(ends: np.ndarray, colour: Colour, style: Style) -> Records:
    start, end = np.rint(arrow_inwards(ends, style))
    arrow = _arrow(start, end, colour, style)
    return np.concatenate((edged(eighths(ends[None]), colour, style.line + 2), arrow))


def _arrow(start: np.ndarray, end: np.ndarray, colour: Colour, style: Style) -> Records:
    """As ``cv2.arrowedLine`` draws it."""
    (x, y), (tip_x, tip_y) = start.tolist(), end.tolist()
    length = max(hypot(tip_x - x, tip_y - y), 1.0)
    barb = hypot(tip_x - x, tip_y - y) * min(0.4, 6 * style.line / length)
    angle = atan2(y - tip_y, x - tip_x)
    barbs = [
        (tip_x + barb * cos(angle + turn), tip_y + barb * sin(angle + turn)) for turn in (pi / 4, -pi / 4)
    ]
    lines = [((x, y), (tip_x, tip_y)), *((point, (tip_x, tip_y)) for point in barbs)]
    return edged(eighths(np.array(lines, np.float64)), colour, style.line)
