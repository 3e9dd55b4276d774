"""Events on their way to the server: kept here until they are on its disk."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import structlog

from camwire.analytics.rules.events import Event
from camwire.link.events import LinkedEvent
from camwire.pipeline.losses import Losses

MOST = 10_000
"""Events remembered; beyond, the oldest are lost, counted and logged."""
AT_ONCE = 500
"""Events in a message at most."""
PATIENCE = 3.0
"""Seconds without an answer after which events are sent again."""

log = structlog.get_logger()


class Outbox:
    """Any thread may call anything. ``prefix`` makes ids unique among all workers that ever were."""

    def __init__(self, prefix: str, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._losses = Losses(clock)
        self._prefix, self._most = prefix, most
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, LinkedEvent]] = deque()
        self._numbers = 0
        self._upto = 0
        """Number of the last event that is under way."""
        self._sent = -inf

    @property
    def lost(self) -> int:
        """Events that will never reach the server."""
        with self._lock:
            return self._losses.total

    @property
    def waiting(self) -> int:
        """Events that are not known to be on the server's disk."""
        with self._lock:
            return len(self._waiting)

    def add(self, events: Sequence[Event]) -> None:
        with self._lock:
            for event in events:
                self._numbers += 1
                linked = linked_event(f"{self._prefix}-{self._numbers}", event)
                self._waiting.append((self._numbers, linked))
            too_many = len(self._waiting) - self._most
            for _ in range(too_many):
                self._waiting.popleft()
            if too_many > 0 and self._losses.add(too_many):
                log.error(
                    "the server takes no events; the oldest are lost",
                    remembered=self._most,
                    lost=self._losses.total,
                )

    def due(self, now: float) -> tuple[int, tuple[LinkedEvent, ...]] | None:
        """What to send now: the last one's number and the events; None while an answer is waited for."""
        with self._lock:
            if not self._waiting or (self._upto and now - self._sent < PATIENCE):
                return None
            chosen = [self._waiting[index] for index in range(min(AT_ONCE, len(self._waiting)))]
            self._upto, self._sent = chosen[-1][0], now
            return self._upto, tuple(event for _, event in chosen)

    def kept(self, upto: int) -> None:
        """The server has everything up to this number on its disk."""
        with self._lock:
            while self._waiting and self._waiting[0][0] <= upto:
                self._waiting.popleft()
            if upto >= self._upto:
                self._upto = 0


def linked_event(name: str, event: Event) -> LinkedEvent:
    """An event as it goes over the link; ``name`` is its id."""
    subject = event.subject
    body: dict[str, Any] = {"frame": event.sequence, "value": event.value, "counts": event.counts}
    if subject is not None:
        body |= {
            "object": subject.object_id,
            "class": subject.class_name,
            "score": subject.score,
            "box": list(subject.box),
        }
    return LinkedEvent(
        id=name, time=event.time, camera=event.camera, rule=event.rule, kind=event.kind, body=body
    )
