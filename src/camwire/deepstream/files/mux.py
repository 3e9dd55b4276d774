"""The new muxer's file: when a batch goes on its way."""

from __future__ import annotations

from camwire.deepstream.files.keyfile import key_file
from camwire.link.desired import DesiredDeepstream

MICROSECONDS = 1_000_000


def mux_file(settings: DesiredDeepstream, batch: int) -> str:
    """The file's text.

    The time that a batch waits stands here as a least rate, too: the muxer forgets the property of that name
    when the first caps come. Adaptive batching takes the cameras that are there for a full batch.
    """
    return key_file(
        {
            "property": {
                "algorithm-type": 1,
                "batch-size": batch,
                "adaptive-batching": 1,
                "max-fps-control": 0,
                "overall-min-fps-n": MICROSECONDS,
                "overall-min-fps-d": settings.batch_timeout_us,
                "max-same-source-frames": 1,
            }
        },
        "nvstreammux (new): batches. Written by camwire.",
    )
