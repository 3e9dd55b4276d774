"""What waits for one client: the newest picture of each camera, and a few text messages."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field

TEXTS_WAITING = 200
"""Events of a busy second, for a client that is slow for that long."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A message about a frame, the same object for all clients: a picture, or a text with its objects."""

    camera: str
    message: bytes | str
    arrived: float
    """When the picture's last packet arrived, on the monotonic clock."""
    captured: float = 0.0
    """UTC."""
    sequence: int = 0

    @property
    def slot(self) -> tuple[str, bool]:
        """A camera's newest picture and its newest text wait each by itself."""
        return self.camera, isinstance(self.message, str)


@dataclass(slots=True)
class Mailbox:
    """Bounded whatever happens: a new picture replaces the camera's old one, which counts as dropped.

    The camera that waited longest goes first, so none starves. Text goes before pictures. Messages of a
    ``kind`` (statistics, toggles) replace the one before them; of the others the oldest gives way.
    """

    dropped: Counter[str] = field(default_factory=Counter)
    """Pictures that were replaced before the client took them, by camera."""
    _pictures: OrderedDict[tuple[str, bool], Picture] = field(default_factory=OrderedDict)
    _latest: dict[str, str] = field(default_factory=dict)
    _texts: deque[str] = field(default_factory=lambda: deque(maxlen=TEXTS_WAITING))

    def put_picture(self, picture: Picture) -> None:
        slot = picture.slot
        if slot in self._pictures:
            self.dropped[picture.camera] += 1
        self._pictures[slot] = picture  # a key that is there keeps its turn

    def drop_pictures(self) -> None:
        """The client wants others now; these don't count as dropped."""
        self._pictures.clear()

    def put_text(self, text: str) -> None:
        """Queue a message of which each is wanted; when there are too many, the oldest is lost."""
        self._texts.append(text)

    def put_latest(self, kind: str, text: str) -> None:
        """Queue a message of which only the newest is wanted."""
        self._latest[kind] = text

    def take(self) -> Picture | str | None:
        """The next message, or None when nothing waits."""
        if self._texts:
            return self._texts.popleft()
        if self._latest:
            return self._latest.pop(next(iter(self._latest)))
        if self._pictures:
            return self._pictures.popitem(last=False)[1]
        return None

    @property
    def cameras_waiting(self) -> int:
        return len({camera for camera, _ in self._pictures})
