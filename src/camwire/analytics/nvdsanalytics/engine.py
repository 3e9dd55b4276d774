"""DeepStream 9.1's nvdsanalytics without DeepStream: for the same objects the same counts and texts."""

from __future__ import annotations

from collections.abc import Sequence

from camwire.analytics.nvdsanalytics.history import TrackedObject
from camwire.analytics.nvdsanalytics.settings import Settings, StreamSettings
from camwire.analytics.nvdsanalytics.stream import FrameResult, StreamContext


class NvdsAnalytics:
    """All streams of one configuration. A stream's state begins with its first frame and stays."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._contexts: dict[int, StreamContext] = {}

    def process(
        self, stream: int, size: tuple[int, int], pts: int, objects: Sequence[TrackedObject]
    ) -> FrameResult | None:
        """Apply the rules to a stream's next frame.

        ``stream`` is the number that groups are named by, ``size`` the frame's width and height (the first
        frame's holds for the whole stream), ``pts`` its time in nanoseconds. None where the file switches
        analytics off altogether.
        """
        if not self._settings.enabled:
            return None
        context = self._contexts.get(stream)
        if context is None:
            settings = self._settings.streams.get(stream, StreamSettings())
            context = self._contexts[stream] = StreamContext(settings, size, self._settings.window)
        return context.process(pts, objects)
