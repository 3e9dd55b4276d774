"""The rules' zones, lines, directions and captions, as shapes for the draw kernel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import atan2, cos, hypot, pi, sin
from typing import NamedTuple, TypeGuard

import numpy as np

from camwire.config.rules import DirectionRule, LineRule, Rule, ZoneRule
from camwire.devices.contracts import Overlay, RuleCounts
from camwire.devices.cpu.lines import eighths
from camwire.devices.cpu.palette import Colour, Style
from camwire.devices.cpu.zones import TINT, arrow_inwards, bgr, caption, rule_pixels
from camwire.devices.cuda.scene import jpeg_colours
from camwire.devices.cuda.sheet import AREA, SHAPE, Fragment, edged, text_pixels
from camwire.devices.cuda.surfaces import Records
from camwire.frames import Frame, Size

REMEMBERED = 1024
"""Cameras, each for each size of its pictures."""


class RuleShapes:
    """The rules on cameras' pictures, made anew when what is drawn changes. Any thread may ask."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Size], _Known] = {}

    def on(self, frame: Frame, overlay: Overlay, style: Style) -> Fragment:
        """Everything of the rules that is on the frame's picture."""
        counts = overlay.counts.get(frame.camera, {})
        known = self._known.get((frame.camera, frame.size))
        if known is None or not known.holds(frame, overlay, counts):
            fragment = _fragment(frame, overlay, counts, style)
            known = _Known(overlay, frame.source_size, counts, fragment)
            if len(self._known) >= REMEMBERED:
                self._known = {}  # cameras come and go
            self._known[frame.camera, frame.size] = known
        return known.fragment


class _Known(NamedTuple):
    """What was drawn last on a camera's pictures of a size."""

    overlay: Overlay
    source_size: Size
    counts: Mapping[str, RuleCounts]
    fragment: Fragment

    def holds(self, frame: Frame, overlay: Overlay, counts: Mapping[str, RuleCounts]) -> bool:
        return self.overlay is overlay and self.source_size == frame.source_size and self.counts == counts


def shows_rules(overlay: Overlay) -> bool:
    """Whether it has any that are drawn."""
    return any(_is_shown(rule, overlay.toggles) for rule in overlay.rules)


def _fragment(frame: Frame, overlay: Overlay, counts: Mapping[str, RuleCounts], style: Style) -> Fragment:
    fragment = Fragment()
    bound = overlay.bound
    full = frame.size if bound is None else frame.source_size.fitted_into(bound)
    for rule in overlay.rules:
        if not (_is_shown(rule, overlay.toggles) and rule.applies_to(frame.camera)):
            continue
        drawn = _drawn_rule(rule, frame.size, full, style)
        if drawn.area is not None:
            fragment.add_area(drawn.area, drawn.corners)
        fragment.add(drawn.strokes)
        plate = text_pixels(caption(rule.name, counts.get(rule.name, {})), drawn.colour, style.text)
        fragment.add_plate(plate, drawn.left, drawn.bottom, frame.size)
    return fragment


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
