"""DeepStream 9.1's nvdsanalytics without DeepStream: for the same objects the same counts and texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from camwire.analytics.clock import CameraClock
from camwire.analytics.nvdsanalytics.drawing import Sketch
from camwire.analytics.nvdsanalytics.history import TrackedObject
from camwire.analytics.nvdsanalytics.results import FrameResult
from camwire.analytics.nvdsanalytics.settings import Settings, StreamSettings
from camwire.analytics.nvdsanalytics.stream import StreamContext
from camwire.devices.annotations import Annotation
from camwire.frames import Batch, Tracks


class NvdsAnalytics:
    """All streams of one configuration. A stream's state begins with its first frame and stays.

    DeepStream drops all state when it reads a configuration anew; so make another one of these.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._contexts: dict[int, StreamContext] = {}
        self._sketches: dict[int, Sketch] = {}
        self._clocks: dict[str, CameraClock] = {}

    def step(self, batch: Batch, tracks: Tracks, streams: Mapping[str, int]) -> list[FrameResult | None]:
        """Apply the rules to a batch; ``streams`` gives each camera's stream number. One result a frame.

        The PTS is the frame's own time in nanoseconds, made to go on over reconnects.
        """
        return [
            self.process(
                streams[frame.camera],
                frame.size,
                round(self._clock(frame.camera).tick(frame) * 1e9),
                objects_of(tracks, position),
            )
            for position, frame in enumerate(batch.frames)
        ]

    def process(
        self, stream: int, size: tuple[int, int], pts: int, objects: Sequence[TrackedObject]
    ) -> FrameResult | None:
        """Apply the rules to a stream's next frame.

        ``stream`` is the number that groups are named by, ``size`` the frame's width and height, ``pts`` its
        time in nanoseconds. Where the size is another than before, which in DeepStream can't be, shapes are
        placed anew and objects forgotten, while counts go on. None where the file switches analytics off
        altogether.
        """
        if not self._settings.enabled:
            return None
        context = self._contexts.get(stream)
        if context is None or context.size != size:
            settings = self._settings.streams.get(stream, StreamSettings())
            if context is None:
                context = self._contexts[stream] = StreamContext(settings, size, self._settings.window)
            else:
                context.resize(size)
            self._sketches[stream] = Sketch(self._settings, settings, size)
        return context.process(pts, objects)

    def begin_anew(self, streams: Iterable[int]) -> None:
        """Drop all that is known of these streams: other cameras are to be theirs."""
        for stream in streams:
            self._contexts.pop(stream, None)
            self._sketches.pop(stream, None)

    def forget_objects(self) -> None:
        """From now on ids mean other objects, in all streams; counts go on."""
        for context in self._contexts.values():
            context.forget_objects()

    def annotation(self, stream: int, result: FrameResult) -> Annotation:
        """What is drawn on the frame of the stream that gave this result."""
        return self._sketches[stream].annotation(result)

    def interrupt(self, camera: str) -> None:
        """The camera's next frame is of another connection, whatever its epoch says."""
        self._clock(camera).interrupt()

    def _clock(self, camera: str) -> CameraClock:
        return self._clocks.setdefault(camera, CameraClock())


def objects_of(tracks: Tracks, position: int) -> list[TrackedObject]:
    """The tracked objects of the batch's frame at ``position``."""
    rows = tracks.rows_of(position)
    boxes = np.column_stack((tracks.boxes[rows, :2], tracks.boxes[rows, 2:] - tracks.boxes[rows, :2]))
    return [
        TrackedObject(object_id, class_id, *box)
        for object_id, class_id, box in zip(
            tracks.ids[rows].tolist(), tracks.classes[rows].tolist(), boxes.tolist(), strict=True
        )
    ]
