"""Who was seen when: finds the objects that are out of sight for too long without looking at all of them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator

from camwire.frames import Int64Array


class Sightings:
    """The frames of the last seconds, camera by camera: when each was, and the slots of the objects in it.

    An object is out of sight since the frame in which it was seen last. So when a frame becomes too long ago,
    those of its objects are gone for which it is that frame.
    """

    def __init__(self, out_of_sight: float) -> None:
        """``out_of_sight``: seconds from which on a frame is too long ago."""
        self._out_of_sight = out_of_sight
        self._frames: defaultdict[int, deque[tuple[float, Int64Array]]] = defaultdict(deque)

    def add(self, camera: int, time: float, slots: Int64Array) -> None:
        """Take a frame in, and forget those that are too long ago. They come in the order of the clock."""
        frames = self._frames[camera]
        while frames and time - frames[0][0] > self._out_of_sight:
            frames.popleft()
        frames.append((time, slots))

    def long_ago(self, camera: int, now: float) -> Iterator[tuple[float, Int64Array]]:
        """The frames that are too long ago by the camera's clock, oldest first: time and slots."""
        for time, slots in self._frames[camera]:
            if now - time <= self._out_of_sight:
                return
            yield time, slots
