"""One camera's identity from picture to picture: numbers, connections, time."""

from __future__ import annotations

from camwire.frames import Frame, Size
from camwire.sources.clock import StreamClock
from camwire.sources.status import SourceStatus

CODECS = {
    "h.264": "h264",
    "h264": "h264",
    "h.265": "hevc",
    "hevc": "hevc",
    "jpeg": "mjpeg",
    "mpeg-4": "mpeg4",
}
"""FFmpeg's names by what stands in GStreamer's."""


class CameraBook:
    """``began`` is called by the source's thread, the rest by the thread that analyses."""

    def __init__(self, camera: str, since: float) -> None:
        """``since``: UTC, when the camera was added."""
        self.since = since
        self.status = SourceStatus()
        self.last_arrival: float | None = None
        """When a picture came to the muxer last, since the source was started."""
        self.has_ended = False
        """Whether the stream is over, since the source was started."""
        self._camera = camera
        self._sequence = 0
        self._epoch = 0
        self._clock = StreamClock(interval=0.04, live=True)
        self._has_pictures = False

    def began(self) -> None:
        """The stream begins; its timestamps have nothing to do with those before."""
        if self._has_pictures:
            self._has_pictures = False
            self._epoch += 1
            self._clock = StreamClock(interval=0.04, live=True)

    def tagged(self, codec: str) -> None:
        """GStreamer's words for the codec are known."""
        name = next((short for word, short in CODECS.items() if word in codec.lower()), codec)
        self.status.connected(name)

    def frame(
        self, *, pts: int, source_size: Size, size: Size, arrived: float, captured: float, now: float
    ) -> Frame:
        """The next frame. ``pts`` in nanoseconds; ``arrived`` and ``now`` in monotonic seconds."""
        self._has_pictures = True
        self._sequence += 1
        self.status.picture(source_size, decoded=now, late=False)
        return Frame(
            camera=self._camera,
            sequence=self._sequence,
            epoch=self._epoch,
            picture=None,
            source_size=source_size,
            size=size,
            time=self._clock.time(pts / 1e9, arrived),
            arrived=arrived,
            captured=captured,
            decoded=arrived,
        )
