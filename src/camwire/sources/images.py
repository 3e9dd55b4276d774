"""Read a video or an image from start to end, without threads and without pacing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av

from camwire.frames import Frame, Size
from camwire.link.desired import DesiredCamera
from camwire.sources.address import open_arguments
from camwire.sources.clock import StreamClock
from camwire.sources.decoding import Decoder
from camwire.sources.faults import SourceError
from camwire.sources.opening import open_source
from camwire.sources.pace import Pace


def frames_in(path: Path | str) -> int | None:
    """How many pictures a video says it has; None where it doesn't say, or can't be opened."""
    try:
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            if video.frames or not (container.duration and video.average_rate):
                return video.frames or None
            return round(container.duration / av.time_base * video.average_rate)
    except (av.FFmpegError, OSError, IndexError):
        return None


def read_pictures(path: Path | str) -> Iterator[Frame]:
    """Every picture of a video or image file, in order of display; ``Frame.size`` is the source's own size.

    Raises SourceError if there is no such file, if it is no video or image, or if no picture in it can be
    decoded.
    """
    name = str(path)
    arguments = open_arguments(
        DesiredCamera(id=name, url=name, enabled=True, transport="tcp", latency_ms=0, drop_on_latency=False)
    )
    source = open_source(arguments, threads=0)
    with source.container:
        decoder = Decoder(
            source,
            place=arguments.place,
            read_timeout=arguments.read_timeout,
            pace=Pace(),
            discarded=Counter(),
            hold=lambda _: None,
        )
        clock = StreamClock(interval=source.interval, live=False)
        sequence = -1
        for sequence, picture in enumerate(decoder.pictures()):
            decoded = time.monotonic()
            size = Size(picture.frame.width, picture.frame.height)
            yield Frame(
                camera=name,
                sequence=sequence,
                epoch=0,
                picture=picture.frame,
                source_size=size,
                size=size,
                time=clock.time(picture.stamp, picture.arrived),
                arrived=picture.arrived,
                captured=time.time() - (decoded - picture.arrived),
                decoded=decoded,
            )
    if sequence < 0:
        raise SourceError(f"no picture in {name} can be decoded")
