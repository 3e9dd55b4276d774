"""What the draw kernel draws besides boxes, labels and traces.

Rules, other analytics' signs and objects' masks lie below the traces; skeletons and oriented boxes above the
boxes. Everything is made of four kinds of shape and drawn in the order of the list, as the CPU draws it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from camwire.devices.annotations import Annotation
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.lines import eighths
from camwire.devices.cpu.masks import OPACITY
from camwire.devices.cpu.palette import Style
from camwire.devices.cpu.skeletons import LEAST_SURE, LIMBS
from camwire.devices.cuda.rules import RuleShapes, shows_rules
from camwire.devices.cuda.scene import COLOURS, DARK
from camwire.devices.cuda.sheet import MASK, SHAPE, Shapes, Sheet, strokes
from camwire.devices.cuda.signs import add_remarks, add_signs
from camwire.devices.cuda.surfaces import Records
from camwire.frames import Batch, Float32Array, Size, Tracks, UInt8Array


def pack_shapes(
    batch: Batch,
    chosen: Sequence[int],
    tracks: Tracks,
    overlay: Overlay,
    objects: Records,
    annotations: Mapping[int, Annotation],
    rules: RuleShapes,
) -> Shapes:
    """Everything that ``overlay`` wants drawn on the frames at the positions ``chosen``.

    ``objects``: the tracks, packed; remarks on them are added. ``annotations``: of those frames, scaled.
    ``rules``: what is kept of rules from batch to batch.
    """
    on, sheet = overlay.toggles, Sheet()
    masks = tracks.masks if "masks" in on else None
    keypoints = tracks.keypoints if "keypoints" in on else None
    turned = tracks.corners if "boxes" in on else None
    bare = not annotations and masks is None and keypoints is None and turned is None
    ruled = shows_rules(overlay)
    if not ruled and bare:
        return sheet.shapes([(0, 0, 0)] * len(chosen))
    ends = []
    for index in chosen:
        frame, first = batch.frames[index], sheet.count
        style = Style.for_size(frame.size)
        if ruled:
            sheet.put(rules.on(frame, overlay, style))
        if bare:
            ends.append((first, sheet.count, sheet.count))
            continue
        rows = tracks.rows_of(index)
        classes = tracks.classes[rows]
        if (annotation := annotations.get(index)) is not None:
            add_signs(sheet, annotation, on)
            add_remarks(sheet, annotation, objects[rows], classes, style, frame.size)
        if masks is not None and rows.start < rows.stop:
            _add_masks(sheet, masks[rows], tracks.boxes[rows], classes, frame.size)
        middle = sheet.count
        if turned is not None:
            sheet.add(turned_boxes(turned[rows], objects["box_colour"][rows], style))
        if keypoints is not None:
            sheet.add(skeletons(keypoints[rows], classes, style))
        ends.append((first, middle, sheet.count))
    return sheet.shapes(ends)


def _add_masks(sheet: Sheet, masks: UInt8Array, boxes: Float32Array, classes: np.ndarray, size: Size) -> None:
    shown = masks.any(axis=(1, 2))
    first, last = np.floor(boxes[shown, :2]), np.ceil(boxes[shown, 2:])
    records = np.zeros(len(first), SHAPE)
    records["kind"], records["part"], records["pitch"] = MASK, OPACITY, masks.shape[1]
    records["colour"] = COLOURS[classes[shown] % len(COLOURS)]
    records["left"], records["top"] = first.clip(0, np.array(size) - 1).T
    records["right"], records["bottom"] = last.clip(1, size).T
    sheet.add_masks(records, masks[shown])


def turned_boxes(corners: Float32Array, colours: Float32Array, style: Style) -> Records:
    """Oriented boxes [N, 4, 2], those that aren't NaN, in their ``colours`` [N, 3]."""
    known = np.isfinite(corners).all(axis=(1, 2))
    points = eighths(corners[known] - 0.5)
    sides = np.stack((points, np.roll(points, -1, axis=1)), axis=2).reshape(-1, 2, 2)
    # An object's dark edge lies on what was drawn before it, its colour on its own edge.
    dark = strokes(sides, DARK, style.line + 2).reshape(-1, 1, 4)
    own = strokes(sides, colours[known].repeat(4, axis=0), style.line).reshape(-1, 1, 4)
    return np.concatenate((dark, own), axis=1).reshape(-1)


def skeletons(keypoints: Float32Array, classes: np.ndarray, style: Style) -> Records:
    """Keypoints [N, K, 3] that are sure enough, and the limbs between them; higher classes lie above."""
    order = np.argsort(classes, kind="stable")
    keypoints, classes = keypoints[order], classes[order]
    sure = (keypoints[..., 2] >= LEAST_SURE) & np.isfinite(keypoints).all(axis=2)
    places = eighths(keypoints[..., :2] - np.float32(0.5))
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
