"""Where a camera's frames go in a source process: into a free place, and word of it to the worker."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import Any

from camwire.frames import Frame
from camwire.sources.apart.messages import (
    NO_PLACE,
    Arrived,
    Outgoing,
    ShelfMade,
    ShelfRefused,
    ShelfWanted,
)
from camwire.sources.apart.shelves import Borrower, Places, Shelf
from camwire.sources.faults import SourceError

PATIENCE = 10.0
"""Seconds that the worker may take to make a shelf."""
PAUSE = 0.002
"""Seconds until a patient source looks for a free place again."""


class Placing:
    """A FrameSink; ``put`` is called by the camera's thread, all else by others."""

    def __init__(
        self, run: int, borrower: Borrower, places: Places, say: Outgoing, *, patient: bool = False
    ) -> None:
        """``patient``: where every place is taken, wait; otherwise the picture is lost."""
        self._run = run
        self._borrower, self._places, self._say = borrower, places, say
        self._patient = patient
        self._stopped = threading.Event()
        self._answers: SimpleQueue[ShelfMade | ShelfRefused | None] = SimpleQueue()
        self._owed = 0
        """Answers that are still to come: the worker answers each question, in their order."""
        self._shelf: Shelf | None = None
        self._row = self._place_size = 0

    def put(self, frame: Frame) -> None:
        """Raises SourceError where the device can't take the picture or has no memory for it."""
        picture = self._borrower.described(frame.picture)
        shelf = self._shelf
        if shelf is None or picture.size > self._place_size:
            shelf = self._new_shelf(picture.size)
        place = self._places.take(self._row)
        while place is None and self._patient and not self._stopped.wait(PAUSE):
            place = self._places.take(self._row)
        if place is None:
            self._tell(frame, NO_PLACE)
            return
        shelf.put(picture, place)
        self._tell(frame, place, picture.how)

    def _tell(self, frame: Frame, place: int, how: tuple[Any, ...] = ()) -> None:
        self._say(Arrived(self._run, self._row, place, how, frame.with_picture(None)))

    def _new_shelf(self, size: int) -> Shelf:
        self.close()
        self._say(ShelfWanted(self._run, size))
        self._owed += 1
        answer = self._newest_answer()
        if isinstance(answer, ShelfRefused):
            raise SourceError(answer.reason)
        self._shelf = self._borrower.shelf(answer.handle, answer.place_size)
        self._row, self._place_size = answer.row, answer.place_size
        return self._shelf

    def _newest_answer(self) -> ShelfMade | ShelfRefused:
        """To the last question; those to earlier ones, which nobody waited for, mean nothing any more."""
        while True:
            try:
                answer = self._answers.get(timeout=PATIENCE)
            except Empty:
                raise SourceError(f"the worker gave no memory for pictures within {PATIENCE:g} s") from None
            if answer is None:
                raise SourceError("the camera was stopped")
            self._owed -= 1
            if self._owed == 0:
                return answer

    def hear(self, answer: ShelfMade | ShelfRefused) -> None:
        """What the worker says to a ShelfWanted."""
        self._answers.put(answer)

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._stopped.set()
        self._answers.put(None)

    def close(self) -> None:
        """Nothing will be put any more, unless there is another shelf. Raises SourceError."""
        shelf, self._shelf = self._shelf, None
        if shelf is not None:
            shelf.close()
