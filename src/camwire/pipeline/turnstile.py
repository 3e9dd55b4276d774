"""Order among lanes: what must happen batch after batch happens behind a turnstile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turnstile:
    """Lets the holders of tickets 0, 1, 2, … through in that order, one at a time.

    Every ticket must come through once, or those behind it wait for ever.
    """

    def __init__(self) -> None:
        self._next = 0
        self._moved = threading.Condition()

    @contextmanager
    def passing(self, ticket: int) -> Iterator[None]:
        with self._moved:
            self._moved.wait_for(lambda: self._next == ticket)
        try:
            yield
        finally:
            with self._moved:
                self._next += 1
                self._moved.notify_all()
