"""MOTChallenge text: detections and ground truth in, tracks out.

A line is ``frame, id, left, top, width, height, confidence, ...``, in pixels, frames and ids counting from 1,
an id of -1 for detections. Further columns differ between the challenge's years; of them only the eighth
is read, the class (from 2016 on; -1 or absent means one class only). https://motchallenge.net/instructions/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from camwire.frames import Detections, Float32Array, Int32Array, Int64Array, Tracks

NEEDED = 7
"""Columns up to the confidence."""
CLASS = 7


class MotChallengeError(ValueError):
    """A file isn't MOTChallenge text; says where and what."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """The lines of a file, ordered by frame; R rows."""

    frame: Int64Array
    """[R] counting from 1."""
    ids: Int64Array
    """[R] -1 in detections."""
    corners: Float32Array
    """[R, 4] x1, y1, x2, y2."""
    scores: Float32Array
    classes: Int32Array

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def frames(self) -> int:
        """The number of the last frame; 0 when there are no lines."""
        return int(self.frame[-1]) if len(self) else 0

    def detections(self) -> Iterator[Detections]:
        """What a detector found in frames 1, 2, ..., a frame at a time, each as a batch of its own."""
        bounds = np.searchsorted(self.frame, np.arange(1, self.frames + 2))
        for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            yield Detections(
                boxes=self.corners[start:stop],
                scores=self.scores[start:stop],
                classes=self.classes[start:stop],
                frame_index=np.zeros(stop - start, np.int32),
            )


def read(path: Path) -> Boxes:
    """Read a file. Raises MotChallengeError, which gives the place of the first mistake, and OSError."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [_parsed(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    table = np.array(rows, np.float64).reshape(-1, NEEDED + 1)
    table = table[np.argsort(table[:, 0], kind="stable")]
    corners = table[:, 2:6].copy()
    corners[:, 2:] += corners[:, :2]
    return Boxes(
        frame=table[:, 0].astype(np.int64),
        ids=table[:, 1].astype(np.int64),
        corners=corners.astype(np.float32),
        scores=table[:, 6].astype(np.float32),
        classes=np.maximum(table[:, CLASS], 0).astype(np.int32),
    )


def _parsed(line: str, place: str) -> list[float]:
    """Frame, id, left, top, width, height, confidence, class."""
    try:
        values = [float(part) for part in line.split(",")[: NEEDED + 1]]
    except ValueError as error:
        raise MotChallengeError(f"{place}: {error}; expected numbers separated by commas") from None
    if len(values) < NEEDED:
        raise MotChallengeError(
            f"{place}: {len(values)} columns; expected frame,id,left,top,width,height,confidence"
        )
    if not (values[0] >= 1 and values[0].is_integer()):
        raise MotChallengeError(f"{place}: frame {values[0]:g}; frames are whole numbers from 1")
    return values if len(values) > CLASS else [*values, -1.0]


def write(file: TextIO, frame: int, tracks: Tracks) -> None:
    """Append the tracks of one frame (a batch of one), numbered ``frame``, in the order of their ids."""
    order = np.argsort(tracks.ids)
    left_top = tracks.boxes[:, :2]
    table = np.column_stack((left_top, tracks.boxes[:, 2:] - left_top, tracks.scores))
    for row in order.tolist():
        left, top, width, height, score = table[row]
        file.write(
            f"{frame},{tracks.ids[row]},{left:.2f},{top:.2f},{width:.2f},{height:.2f},{score:.4f},-1,-1,-1\n"
        )
