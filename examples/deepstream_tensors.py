"""Tells when a camera goes dark: an example of a function that gets DeepStream's tensors.

camwire.yaml beside it, with cameras and a model:

    engine: deepstream
    deepstream:
      preprocess: fp16
      tensor_function: deepstream_tensors:watch

Start `camwire run camwire.yaml` in this folder. docs/how-to/take-tensors.md says more.
"""

from __future__ import annotations

import cupy
import structlog

from camwire.deepstream.tensor_feed import TensorBatch

DARK = 0.05
"""Mean of a picture's values, which go from 0 to 1."""

log = structlog.get_logger()
dark: set[str] = set()
"""Cameras that are dark now."""


def watch(batch: TensorBatch) -> None:
    """Called with each batch, one at a time, in a thread of its own."""
    for tensor in batch.tensors:
        pictures = cupy.from_dlpack(tensor)  # [N, C, H, W] where nvdspreprocess made it: nothing is copied
        means = pictures.mean(axis=(1, 2, 3), dtype=cupy.float32).tolist()
        for region, mean in zip(tensor.regions, means, strict=True):
            if (frame := batch.frames_by_pad.get(region.pad)) is not None:
                tell(frame.camera, is_dark=mean < DARK)


def tell(camera: str, *, is_dark: bool) -> None:
    if is_dark and camera not in dark:
        dark.add(camera)
        log.warning("a camera is dark", camera=camera)
    elif not is_dark and camera in dark:
        dark.remove(camera)
        log.info("a camera sees again", camera=camera)
