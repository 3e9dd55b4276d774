"""Which detections are reported: thresholds of the model, of single classes, and of cameras."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from camwire.frames import Detections, Float32Array, Int32Array
from camwire.link.desired import DesiredClass, DesiredDetection, DesiredModel
from camwire.models import ModelError

NO_BOUND = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Limits:
    """Of each class: arrays [C], or [B, C] for the frames of a batch."""

    score: Float32Array
    """Detections below it are left out first; infinity for classes that aren't wanted."""
    iou: Float32Array
    """Of two that overlap more, the weaker is left out."""
    final: Float32Array
    """Detections at or below it are left out then, ..."""
    most: Int32Array
    """... and at last all but so many of the surest."""

    @classmethod
    def uniform(cls, frames: int, classes: int, score: float, iou: float) -> Self:
        """The same [B, C] for all."""
        shape = frames, classes
        return cls(
            np.full(shape, score, np.float32),
            np.full(shape, iou, np.float32),
            np.zeros(shape, np.float32),
            np.full(shape, NO_BOUND, np.int32),
        )


class Selection:
    """What a configuration says for the classes of one model. Never changes: any thread may use it."""

    def __init__(self, names: Sequence[str], model: DesiredModel, carried_from: float | None = None) -> None:
        """``names``: the model's classes. ``carried_from``: where ``lowest_score`` is the threshold,
        detections from this lower score on are let through, for the tracker to carry objects on with; where
        another one is, from the same share of it.

        Raises ModelError for a class that the model doesn't have.
        """
        self._lowest = lowest_score(model)
        self._share = 1.0 if carried_from is None or not self._lowest else carried_from / self._lowest
        self._usual = _limits(names, model, DesiredDetection(), "model")
        self._of = {
            camera: _limits(names, model, own, f"camera {camera!r}") for camera, own in model.cameras.items()
        }
        each = np.stack([limits.score for limits in (self._usual, *self._of.values())])
        self._alike = bool(np.isin(each, np.array((self._lowest, np.inf), np.float32)).all())
        for limits in (self._usual, *self._of.values()):
            np.multiply(limits.score, np.float32(self._share), out=limits.score)

    def limits(self, cameras: Iterable[str]) -> Limits:
        """[B, C] for a batch with a frame of each of the ``cameras``; not to be written to."""
        if not self._of:
            return _repeated(self._usual, sum(1 for _ in cameras))
        each = [self._of.get(camera, self._usual) for camera in cameras]
        return Limits(
            np.stack([limits.score for limits in each]),
            np.stack([limits.iou for limits in each]),
            np.stack([limits.final for limits in each]),
            np.stack([limits.most for limits in each]),
        )

    def weighed(self, found: Detections, limits: Limits) -> Detections:
        """``found`` with weights for a tracker to whose mind objects begin at ``lowest_score``.

        ``limits``: of the batch, as ``limits`` gave them. Below and above its own threshold a score goes
        along straight lines to what it is below and above the lowest one, so that 0 and 1 stay.
        """
        if self._alike or self._share == 1.0:
            return found
        own = limits.score[found.frame_index, found.classes] / np.float32(self._share)
        lowest, scores = np.float32(self._lowest), found.scores
        below = scores * (lowest / own)
        above = lowest + (scores - own) * ((1 - lowest) / np.maximum(1 - own, np.float32(1e-6)))
        return replace(found, weights=np.where(scores < own, below, above).astype(np.float32))


def _repeated(limits: Limits, frames: int) -> Limits:
    """The same for every frame, without copying."""
    shape = frames, len(limits.score)
    return Limits(
        np.broadcast_to(limits.score, shape),
        np.broadcast_to(limits.iou, shape),
        np.broadcast_to(limits.final, shape),
        np.broadcast_to(limits.most, shape),
    )


def lowest_score(model: DesiredModel) -> float:
    """The lowest score threshold of any class and camera."""
    parts: list[DesiredModel | DesiredDetection] = [model, *model.cameras.values()]
    own = [kind.score_threshold for part in parts for kind in part.per_class or ()]
    scores = [part.score_threshold for part in parts] + own
    return min(score for score in scores if score is not None)


def _limits(names: Sequence[str], model: DesiredModel, camera: DesiredDetection, place: str) -> Limits:
    """What is said for the camera goes before what is said for the model, a class's own before all."""
    count = len(names)
    score = model.score_threshold if camera.score_threshold is None else camera.score_threshold
    iou = model.iou_threshold if camera.iou_threshold is None else camera.iou_threshold
    limits = Limits(
        np.full(count, score, np.float32),
        np.full(count, iou, np.float32),
        np.full(count, model.final_threshold, np.float32),
        np.full(count, model.top_k or NO_BOUND, np.int32),
    )
    for kind in model.per_class or ():
        _set(limits, class_index(names, kind.name, "model"), kind)
    for kind in camera.per_class or ():
        _set(limits, class_index(names, kind.name, place), kind)
    wanted = model.classes if camera.classes is None else camera.classes
    if wanted is not None:
        unwanted = np.ones(count, np.bool_)
        unwanted[[class_index(names, name, place) for name in wanted]] = False
        limits.score[unwanted] = np.inf
    return limits


def _set(limits: Limits, index: int, kind: DesiredClass) -> None:
    for array, value in (
        (limits.score, kind.score_threshold),
        (limits.iou, kind.iou_threshold),
        (limits.final, kind.final_threshold),
        (limits.most, kind.top_k),
    ):
        if value is not None:
            array[index] = value


def class_index(names: Sequence[str], wanted: str, place: str) -> int:
    """The class of that name, or of that number. Raises ModelError; ``place`` says who asked."""
    if wanted in names:
        return names.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(names):
        return int(wanted)
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"it knows: {', '.join(names)}"
    raise ModelError(f"{place}: the model has no class {wanted!r}; {hint}")
