"""Functions for `deepstream.tensor_function`, as a user would write them."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from camwire.deepstream.tensor_feed import TensorBatch

not_callable = 5


@dataclass(frozen=True)
class Seen:
    """What ``collect`` has seen of a batch."""

    cameras: tuple[str, ...]
    names: tuple[str, ...]
    arrays: tuple[np.ndarray[Any, Any], ...]
    """Copies."""
    boxes: np.ndarray[Any, Any]
    row_cameras: tuple[str, ...]
    regions: tuple[tuple[float, ...], ...]


seen: list[Seen] = []
kept: list[TensorBatch | np.ndarray[Any, Any]] = []
goes_on = threading.Event()


def clear() -> None:
    seen.clear()
    kept.clear()
    goes_on.clear()


def collect(batch: TensorBatch) -> None:
    regions = [region for tensor in batch.tensors for region in tensor.regions]
    seen.append(
        Seen(
            cameras=tuple(frame.camera for frame in batch.frames),
            names=tuple(tensor.name for tensor in batch.tensors),
            arrays=tuple(np.from_dlpack(tensor).copy() for tensor in batch.tensors),
            boxes=batch.tracks.boxes,
            row_cameras=tuple(batch.frames_by_pad[region.pad].camera for region in regions),
            regions=tuple((*region.box, *region.scale, *region.offset) for region in regions),
        )
    )


def wait(batch: TensorBatch) -> None:
    """Is slow."""
    collect(batch)
    goes_on.wait(60.0)


def keep(batch: TensorBatch) -> None:
    """Keeps an array that shares the pipeline's memory."""
    kept.append(np.from_dlpack(batch.tensors[0].nhwc))


def fail(batch: TensorBatch) -> None:
    kept.append(batch)
    kept.clear()
    raise RuntimeError("the function's own mistake")


def leave(batch: TensorBatch) -> None:
    sys.exit("the function wants to end the process")
