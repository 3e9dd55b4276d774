"""What a client wants to see, and when a frame's turn has come for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from camwire.link.pictures import Rendition
from camwire.rate_cap import RateCap
from camwire.server import wire

Framing = Literal["plain", "extended", "bare"]
"""What stands before a JPEG; ``bare``: nothing."""


@dataclass(slots=True)
class Wish:
    """Of one client. By default: all cameras' full pictures, each of them."""

    cameras: frozenset[str] | None = None
    """None: all."""
    renditions: frozenset[Rendition] = frozenset({"full"})
    max_fps: float = 0.0
    """0: no cap."""
    framing: Framing = "plain"
    events: bool = False
    """Whether it wants to hear what rules report."""
    _caps: defaultdict[tuple[str, Rendition], RateCap] = field(default_factory=lambda: defaultdict(RateCap))

    def wants(self, camera: str, rendition: Rendition, arrived: float) -> bool:
        """Whether a frame that arrived then is to go to the client."""
        if rendition not in self.renditions or not (self.cameras is None or camera in self.cameras):
            return False
        return not self.max_fps or self._caps[camera, rendition].admits(arrived, self.max_fps)

    def wants_events(self, camera: str) -> bool:
        return self.events and (self.cameras is None or camera in self.cameras)


def wish_of(subscribe: wire.Subscribe) -> Wish:
    """A client's own words as a wish."""
    renditions: set[Rendition] = set()
    if subscribe.frames:
        renditions.add(subscribe.size)
    if subscribe.metadata:
        renditions.add("objects")
    return Wish(
        cameras=None if subscribe.cameras is None else frozenset(subscribe.cameras),
        renditions=frozenset(renditions),
        max_fps=subscribe.max_fps,
        framing=subscribe.header,
        events=subscribe.events,
    )
