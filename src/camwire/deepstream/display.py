"""What nvdsosd is to draw besides boxes and labels: traces, zones and lines, as strokes and texts.

DeepStream carries such things as display metadata, at most 16 of a kind in each; nvdsosd has no polygons, and
its coordinates are whole and never negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from camwire.config.rules import DirectionRule, LineRule, Rule, ZoneRule
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.palette import PALETTE, Style
from camwire.devices.cpu.zones import arrow_inwards, bgr, caption, rule_pixels
from camwire.frames import Batch, Float32Array, Float64Array, Int32Array, Size, Tracks

LINE = np.dtype(
    [("frame", np.int32), ("ends", np.uint32, 4), ("width", np.uint32), ("colour", np.float32, 3)],
    align=True,
)
"""``CamwireLine`` of deepstream/metadata/display.h; ``ends``: x1, y1, x2, y2."""
TEXT = np.dtype(
    [("frame", np.int32), ("place", np.uint32, 2), ("size", np.uint32), ("colour", np.float32, 3)],
    align=True,
)
"""``CamwireText``; ``place``: left, top."""

MOST_LINES = 512
"""Strokes of traces on a frame: they are metadata that is copied from element to element."""
MOST_STROKES = 15
"""Of one trace."""
HEAD, HEAD_ANGLE = 0.35, np.deg2rad(25)
"""An arrow's head: its length in shafts, its angle with the shaft."""
POINTS = 0.6
"""Of a font, for each pixel of the letters' height."""
LONGEST_TEXT = 127
"""Bytes that nvdsosd shows."""

Records = np.ndarray[Any, np.dtype[np.void]]

_COLOURS: Float32Array = np.array(PALETTE, np.float32)[:, ::-1] / np.float32(255)
"""[classes, 3] red, green, blue."""


@dataclass(frozen=True, slots=True)
class Display:
    """For a batch, in pixels of its pictures; ``frame`` is the position in DeepStream's batch."""

    lines: Records
    """[L] of LINE."""
    texts: Records
    """[M] of TEXT ..."""
    words: tuple[str, ...]
    """... and what they say."""

    def __len__(self) -> int:
        return len(self.lines) + len(self.texts)


def display_of(
    batch: Batch,
    tracks: Tracks,
    positions: Mapping[int, int],
    sizes: Int32Array,
    overlay: Overlay,
) -> Display:
    """``positions``: where in DeepStream's batch the frames are that are to be drawn on, by index in
    ``batch``; ``sizes`` [F, 2]: of the pictures there."""
    lines: list[Records] = []
    signs: list[tuple[Records, str]] = []
    for index, position in positions.items():
        size = Size(*sizes[position].tolist())
        frame = batch.frames[index]
        counts = overlay.counts.get(frame.camera, {})
        for rule in overlay.rules:
            if rule.applies_to(frame.camera) and _toggle(rule) in overlay.toggles:
                strokes, sign = _shape(rule, size, frame.size)
                lines.append(_at(position, strokes))
                signs.append((_at(position, sign), caption(rule.name, counts.get(rule.name, {}))))
        if "traces" in overlay.toggles:
            lines.append(_traces(tracks, index, position, size, frame.size))
    return Display(
        lines=np.concatenate(lines) if lines else np.empty(0, LINE),
        texts=np.concatenate([sign for sign, _ in signs]) if signs else np.empty(0, TEXT),
        words=tuple(_cut(text) for _, text in signs),
    )


def _toggle(rule: Rule) -> str | None:
    if isinstance(rule, ZoneRule):
        return "zones"
    return "lines" if isinstance(rule, LineRule | DirectionRule) else None


@lru_cache(maxsize=1024)
def _shape(rule: Rule, size: Size, drawn: Size) -> tuple[Records, Records]:
    """Strokes and the place of the text, for no frame yet: they are the same on every picture."""
    points = rule_pixels(rule, size, drawn)
    colour: Float32Array = np.array(bgr(rule.colour)[::-1], np.float32) / np.float32(255)
    return _records(_strokes(rule, points, size), colour, size), _sign(points[0], colour, size)


def _at(position: int, records: Records) -> Records:
    """A copy for one frame."""
    placed = records.copy()
    placed["frame"] = position
    return placed


def _strokes(rule: Rule, points: Int32Array, size: Size) -> Float64Array:
    """[S, 4] of a rule's shape: a polygon, an arrow, or a line with an arrow to the side that is in."""
    if isinstance(rule, ZoneRule):
        return np.concatenate([points, np.roll(points, -1, axis=0)], axis=1).astype(np.float64)
    if isinstance(rule, DirectionRule):
        return _arrow(*points.astype(np.float64))
    arrow = _arrow(*arrow_inwards(points, Style.for_size(size)))
    return np.concatenate([points.reshape(1, 4).astype(np.float64), arrow])


def _arrow(start: Float64Array, end: Float64Array) -> Float64Array:
    back = (start - end) * HEAD
    cosine, sine = np.cos(HEAD_ANGLE), np.sin(HEAD_ANGLE)
    turns = np.array([[[cosine, -sine], [sine, cosine]], [[cosine, sine], [-sine, cosine]]])
    tails = np.stack([start, *(end + turns @ back)])
    return np.concatenate([tails, np.tile(end, (3, 1))], axis=1)


def _traces(tracks: Tracks, index: int, position: int, size: Size, drawn: Size) -> Records:
    """The ways of a frame's objects, whose pixels are of a picture of the size ``drawn``."""
    rows = tracks.rows_of(index)
    count, length = rows.stop - rows.start, tracks.traces.shape[1]
    if not count or length < 2:
        return np.empty(0, LINE)
    strokes = max(1, min(MOST_STROKES, MOST_LINES // count))
    step = -(-(length - 1) // strokes)
    chosen = np.arange(length - 1, -1, -step)[::-1]
    points = tracks.traces[rows][:, chosen] * (np.array(size, np.float32) / drawn)
    ends = np.concatenate([points[:, :-1], points[:, 1:]], axis=2)
    known = np.isfinite(ends).all(axis=2)
    colours = _COLOURS[tracks.classes[rows] % len(_COLOURS)]
    strokes = _records(ends[known], np.repeat(colours, known.sum(axis=1), axis=0), size)
    strokes["frame"] = position
    return strokes


def _records(ends: Any, colour: Float32Array, size: Size) -> Records:
    """What leaves the picture ends at its edge."""
    lines = np.zeros(len(ends), LINE)
    lines["ends"] = np.rint(ends).clip(0, (size.width - 1, size.height - 1) * 2)
    lines["width"], lines["colour"] = Style.for_size(size).line, colour
    return lines


def _sign(corner: Int32Array, colour: Float32Array, size: Size) -> Records:
    """A text above a shape's first point."""
    style = Style.for_size(size)
    sign = np.zeros(1, TEXT)
    sign["colour"], sign["size"] = colour, max(6, round(style.text * POINTS))
    left, top = corner.tolist()
    highest = size.height - 2 * style.text
    sign["place"] = max(0, min(left, size.width - 1)), max(0, min(top - 2 * style.text, highest))
    return sign


def _cut(text: str) -> str:
    return text.encode()[:LONGEST_TEXT].decode(errors="ignore")
