"""Which of a model's thousands of boxes are sure enough to be looked at: the bulk of the work of decoding.

Nearly all are not. So one pass over the scores, at about the speed of memory, finds the few boxes in which
any class reaches its threshold, and all else (which class, the box itself, its points) is done for those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Float32Array, Int32Array
from camwire.models.contract import ModelError


@dataclass(frozen=True, slots=True)
class Candidates:
    """M boxes that are sure enough, ordered by frame, then by anchor."""

    frame: NDArray[np.intp]
    """[M]."""
    anchor: NDArray[np.intp]
    """[M], position of the box in the output."""
    classes: Int32Array
    """[M], the box's best class, of equal ones the first."""
    scores: Float32Array
    """[M]."""
    rows: Float32Array
    """[M, columns], all that the output says of the box."""

    def __len__(self) -> int:
        return len(self.frame)


def sure_by_class(table: Float32Array, columns: slice, thresholds: Float32Array, source: str) -> Candidates:
    """From a table [B, columns, A], whose ``columns`` are the scores of C classes; ``thresholds`` [B, C].

    An anchor counts when its best class reaches that class's threshold in its frame. The best score of each
    anchor is the maximum of C contiguous planes, which runs at memory speed where an argmax takes ten times
    as long. Raises ModelError, which begins with ``source``, when a score is NaN.
    """
    best = np.maximum.reduce(table[:, columns], axis=1)
    _check(best, source)
    hits = np.flatnonzero(best >= thresholds.min(axis=1)[:, None])
    frame, anchor = np.divmod(hits, best.shape[1])
    return _classified(frame, anchor, table[frame, :, anchor], columns, thresholds)


def sure_by_anchor(table: Float32Array, columns: slice, thresholds: Float32Array, source: str) -> Candidates:
    """As ``sure_by_class``, from a table [B, A, columns]."""
    scores = table[:, :, columns]
    _, anchors, classes = scores.shape
    # A maximum over everything passes NaN on, and costs half of the comparison.
    _check(np.asarray(scores.max(initial=-np.inf)), source)
    hits = np.flatnonzero(scores >= thresholds.min()) // classes
    # A box of which several classes are sure enough counts once.
    first = np.ones(len(hits), np.bool_)
    np.not_equal(hits[1:], hits[:-1], out=first[1:])
    frame, anchor = np.divmod(hits[first], anchors)
    return _classified(frame, anchor, table[frame, anchor], columns, thresholds)


def require_finite(values: Float32Array, source: str) -> None:
    """Raises ModelError, which begins with ``source``, when a value is NaN or infinite."""
    if not np.isfinite(values).all():
        raise _not_finite(source)


def _check(values: Float32Array, source: str) -> None:
    if np.isnan(values).any():
        raise _not_finite(source)


def _not_finite(source: str) -> ModelError:
    return ModelError(
        f"{source} holds NaN or infinite numbers; finite ones are accepted. A half-precision export that "
        "overflows is the usual cause: export in FP32, or set model.precision to full"
    )


def _classified(
    frame: NDArray[np.intp],
    anchor: NDArray[np.intp],
    rows: Float32Array,
    columns: slice,
    thresholds: Float32Array,
) -> Candidates:
    """Those of the ``rows`` [M, columns] whose best class reaches its own threshold."""
    scores = rows[:, columns]
    classes = scores.argmax(axis=1) if len(scores) else np.empty(0, np.intp)
    best = scores[np.arange(len(scores)), classes]
    sure = np.flatnonzero(best >= thresholds[frame, classes])
    if len(sure) < len(rows):
        frame, anchor, classes = frame[sure], anchor[sure], classes[sure]
        best, rows = best[sure], rows[sure]
    return Candidates(frame, anchor, classes.astype(np.int32), best, rows)
