"""The overlay: zones and lines, masks, traces, boxes, skeletons and labels on a camera's picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import cv2
import numpy as np

from camwire.cores import computing
from camwire.devices.annotations import opposite
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.convert import to_bgr
from camwire.devices.cpu.labels import name_plate, paste, remark_plate, score_plate
from camwire.devices.cpu.lines import ONE, draw_lines, eighths
from camwire.devices.cpu.masks import draw_masks
from camwire.devices.cpu.palette import INK, PALETTE, Colour, Style, colour_of
from camwire.devices.cpu.signs import draw_signs
from camwire.devices.cpu.skeletons import draw_skeletons
from camwire.devices.cpu.zones import draw_rules
from camwire.frames import Batch, Float32Array, Int32Array, Size, Tracks, UInt8Array


class CpuRenderer:
    """Implements :class:`camwire.devices.contracts.Renderer`; any number of threads may call it at once."""

    def __call__(
        self, batch: Batch, chosen: Sequence[int], tracks: Tracks, overlay: Overlay
    ) -> list[UInt8Array]:
        """[H, W, 3] BGR of ``Frame.size`` for each frame at the positions ``chosen``."""
        with computing:
            return [self._rendered(batch, index, tracks, overlay) for index in chosen]

    def _rendered(self, batch: Batch, index: int, tracks: Tracks, overlay: Overlay) -> UInt8Array:
        frame = batch.frames[index]
        picture = to_bgr(frame.picture, frame.size)
        style = Style.for_size(frame.size)
        draw_rules(picture, frame, overlay, style)
        annotation = None if overlay.annotator is None else overlay.annotator(frame)
        if annotation is not None:
            draw_signs(picture, annotation.scaled_to(frame.size), overlay.toggles)
        rows = tracks.rows_of(index)
        if rows.start == rows.stop:
            return picture
        classes = tracks.classes[rows].tolist()
        corners = pixel_corners(tracks.boxes[rows], frame.size)
        if tracks.masks is not None and "masks" in overlay.toggles:
            draw_masks(picture, tracks.masks[rows], corners, classes)
        if "traces" in overlay.toggles:
            draw_traces(picture, tracks.traces[rows], classes, style)
        if "boxes" in overlay.toggles:
            turned = None if tracks.corners is None else tracks.corners[rows]
            inverted = annotation.inverted if annotation is not None else ()
            draw_boxes(picture, corners, classes, style, turned, inverted)
        if tracks.keypoints is not None and "keypoints" in overlay.toggles:
            draw_skeletons(picture, tracks.keypoints[rows], classes, style)
        if "labels" in overlay.toggles:
            names = [overlay.class_names[class_index] for class_index in classes]
            ids, scores = tracks.ids[rows].tolist(), tracks.scores[rows].tolist()
            remarks = annotation.remarks if annotation is not None else {}
            draw_labels(picture, corners, classes, names, ids, scores, style, remarks)
        return picture


def pixel_corners(boxes: Float32Array, size: Size) -> Int32Array:
    """[N, 4] left, top, right and bottom pixel, all inclusive and inside the picture."""
    first = np.floor(boxes[:, :2])
    last = np.ceil(boxes[:, 2:]) - 1
    limit = np.array((size.width - 1, size.height - 1) * 2)
    return np.concatenate((first, last), axis=1).clip(0, limit).astype(np.int32)


def draw_boxes(
    picture: UInt8Array,
    corners: Int32Array,
    classes: Sequence[int],
    style: Style,
    turned: Float32Array | None = None,
    inverted: Collection[int] = (),
) -> None:
    """A line along each box's inside, with a dark edge on both its sides that lifts it off any background.

    Drawn as nested rectangles one pixel wide: sharp corners, in half the time of OpenCV's thick lines. Where
    an oriented box is known, ``turned`` [N, 4, 2] not NaN, that is drawn instead. ``inverted``: rows whose
    colour is turned into its opposite.
    """
    for row, ((left, top, right, bottom), class_index) in enumerate(
        zip(corners.tolist(), classes, strict=True)
    ):
        colour = opposite(colour_of(class_index)) if row in inverted else colour_of(class_index)
        if turned is not None and np.isfinite(turned[row]).all():
            _draw_turned(picture, turned[row], colour, style)
            continue
        for inset in range(-1, style.line + 1):
            cv2.rectangle(
                picture,
                (left + inset, top + inset),
                (right - inset, bottom - inset),
                colour if 0 <= inset < style.line else INK,
            )


def _draw_turned(picture: UInt8Array, corners: Float32Array, colour: Colour, style: Style) -> None:
    points = eighths(corners - 0.5)
    for width, ink in ((style.line + 2, INK), (style.line, colour)):
        draw_lines(picture, [points], ink, width, closed=True)


def draw_labels(
    picture: UInt8Array,
    corners: Int32Array,
    classes: Sequence[int],
    names: Sequence[str],
    ids: Sequence[int],
    scores: Sequence[float],
    style: Style,
    remarks: Mapping[int, str] | None = None,
) -> None:
    """A plate on each box's upper edge, or inside the picture where there is no room above it.

    ``remarks``: what stands after the score, by row.
    """
    for row, ((left, top, _, _), class_index, name, track_id, score) in enumerate(
        zip(corners.tolist(), classes, names, ids, scores, strict=True)
    ):
        plates: tuple[UInt8Array, ...] = (
            name_plate(name, track_id, class_index, style.text),
            score_plate(score, class_index, style.text),
        )
        if remarks and row in remarks:
            plates = (*plates, remark_plate(remarks[row].strip(), class_index, style.text))
        paste(picture, plates, left, top)


def draw_traces(picture: UInt8Array, traces: Float32Array, classes: Sequence[int], style: Style) -> None:
    """The way of each object, thin where it is old, with a dark shadow; ``traces`` [N, T, 2] as in Tracks."""
    length = traces.shape[1]
    starts = np.isnan(traces[:, :, 0]).sum(axis=1).tolist()
    # OpenCV's integer coordinates are pixel centres, ours are half a pixel further.
    points = eighths(traces - 0.5)
    shadows = points + style.line * ONE
    ways = [i for i, start in enumerate(starts) if length - start >= 2]
    older: defaultdict[Colour, list[Int32Array]] = defaultdict(list)
    newer: defaultdict[Colour, list[Int32Array]] = defaultdict(list)
    # Of one part of a trace, colours later in the palette lie above, on every device.
    for i in sorted(ways, key=lambda way: classes[way] % len(PALETTE)):
        colour, middle = colour_of(classes[i]), (starts[i] + length - 1) // 2
        older[colour].append(points[i, starts[i] : middle + 1])
        newer[colour].append(points[i, middle:])
    draw_lines(picture, [shadows[i, starts[i] :] for i in ways], INK, 1)
    for width, parts in ((max(1, style.line - 1), older), (style.line + 1, newer)):
        for colour, lines in parts.items():
            draw_lines(picture, lines, colour, width)
