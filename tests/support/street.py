"""Pictures of the demo's clip, the `street` of the tests' fixtures."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import av


def picture_of(street: Path, number: int, hwaccel: Any = None) -> av.VideoFrame:
    """The clip's picture of that number, from 0 on."""
    with av.open(str(street), hwaccel=hwaccel) as container:
        return next(islice(container.decode(video=0), number, None))


def cyclist_in(street: Path, hwaccel: Any = None) -> av.VideoFrame:
    """A picture in which a man is near and others are far away."""
    return picture_of(street, 120, hwaccel)
