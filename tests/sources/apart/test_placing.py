"""Frames into places, with a worker that answers late, twice or never."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from camwire.frames import Frame, Size
from camwire.sources.apart import placing as placing_module
from camwire.sources.apart.messages import (
    NO_PLACE,
    Arrived,
    Order,
    Report,
    ShelfMade,
    ShelfRefused,
    ShelfWanted,
)
from camwire.sources.apart.placing import Placing
from camwire.sources.apart.shelves import PLACES, Lying, Places
from camwire.sources.faults import SourceError
from tests.support.waiting import wait_for

RUN = 3


class NotedShelf:
    """A shelf that notes what is put on it."""

    def __init__(self, handle: bytes) -> None:
        self.handle = handle
        self.put_there: list[int] = []
        self.closed = False

    def put(self, picture: Lying, place: int) -> None:
        assert not self.closed
        self.put_there.append(place)

    def close(self) -> None:
        self.closed = True


class NotedBorrower:
    """Pictures are arrays of bytes."""

    def __init__(self) -> None:
        self.shelves: list[NotedShelf] = []

    def described(self, picture: np.ndarray) -> Lying:
        return Lying(picture.size, (), None)

    def shelf(self, handle: bytes, place_size: int) -> NotedShelf:
        self.shelves.append(NotedShelf(handle))
        return self.shelves[-1]


class Worker:
    """Answers each question with the next of its ``answers``, none for None."""

    def __init__(self) -> None:
        self.said: list[Order | Report] = []
        self.answers: list[list[ShelfMade | ShelfRefused]] = []
        self.places = Places.new()
        self.borrower = NotedBorrower()
        self.placing = self.another(patient=False)

    def another(self, *, patient: bool) -> Placing:
        self.placing = Placing(RUN, self.borrower, self.places, self, patient=patient)
        return self.placing

    def __call__(self, message: Order | Report) -> None:
        self.said.append(message)
        if isinstance(message, ShelfWanted) and self.answers:
            for answer in self.answers.pop(0):
                self.placing.hear(answer)

    def made(self, size: int) -> ShelfMade:
        row = self.places.new_row()
        assert row is not None
        return ShelfMade(RUN, row, size, b"handle %d" % row)

    @property
    def arrived(self) -> list[tuple[int, int]]:
        """Rows and places."""
        return [(message.row, message.place) for message in self.said if isinstance(message, Arrived)]


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.places.close()


def frame(size: int = 100) -> Frame:
    return Frame("a", 0, 1, np.zeros(size, np.uint8), Size(10, 10), Size(10, 10), 0.0, 0.0, 0.0, 0.0)


def test_a_shelf_is_asked_for_once_and_again_when_pictures_have_outgrown_it(worker: Worker) -> None:
    worker.answers = [[worker.made(100)], [worker.made(300)]]
    for size in (100, 60, 300, 100, 300):
        worker.placing.put(frame(size))
    wanted = [message.place_size for message in worker.said if isinstance(message, ShelfWanted)]
    assert wanted == [100, 300]
    assert worker.arrived == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    assert [shelf.closed for shelf in worker.borrower.shelves] == [True, False]
    worker.placing.close()
    assert worker.borrower.shelves[1].closed


def test_without_a_place_a_frame_is_told_as_lost_and_a_place_that_came_free_is_used(worker: Worker) -> None:
    worker.answers = [[worker.made(100)]]
    for _ in range(PLACES + 2):
        worker.placing.put(frame())
    assert worker.arrived[PLACES - 1 :] == [(0, PLACES - 1), (0, NO_PLACE), (0, NO_PLACE)]
    worker.places.free(0, 2)
    worker.placing.put(frame())
    assert worker.arrived[-1] == (0, 2)
    assert worker.borrower.shelves[0].put_there == [*range(PLACES), 2]


def test_a_refusal_is_the_reason_and_the_next_frame_asks_again(worker: Worker) -> None:
    worker.answers = [[ShelfRefused(RUN, "it is full")], [worker.made(100)]]
    with pytest.raises(SourceError, match="it is full"):
        worker.placing.put(frame())
    worker.placing.put(frame())
    assert worker.arrived == [(0, 0)]


def test_an_answer_that_came_too_late_is_not_taken_for_that_of_the_next_question(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has taken back the shelf of the first question when the second one came."""
    with monkeypatch.context() as impatient:
        impatient.setattr(placing_module, "PATIENCE", 0.01)
        with pytest.raises(SourceError, match="the worker gave no memory for pictures within"):
            worker.placing.put(frame())
    stale, fresh = worker.made(100), worker.made(100)
    worker.answers = [[stale, fresh]]
    worker.placing.put(frame())
    assert worker.arrived == [(fresh.row, 0)]
    assert [shelf.handle for shelf in worker.borrower.shelves] == [fresh.handle]


def test_stopping_ends_the_wait_for_a_shelf(worker: Worker) -> None:
    reasons: list[str] = []

    def put() -> None:
        try:
            worker.placing.put(frame())
        except SourceError as error:
            reasons.append(str(error))

    thread = threading.Thread(target=put)
    thread.start()
    wait_for(lambda: worker.said, "it asks")
    worker.placing.stop()
    thread.join(placing_module.PATIENCE / 2)
    assert not thread.is_alive()
    assert reasons == ["the camera was stopped"]


def test_stopping_ends_the_wait_for_a_place(worker: Worker) -> None:
    patient = worker.another(patient=True)
    worker.answers = [[worker.made(100)]]
    for _ in range(PLACES):
        patient.put(frame())
    thread = threading.Thread(target=patient.put, args=(frame(),))
    thread.start()
    thread.join(0.05)
    assert thread.is_alive(), "it waits"
    assert len(worker.arrived) == PLACES
    patient.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert worker.arrived[PLACES:] == [(0, NO_PLACE)]
