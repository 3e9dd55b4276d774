"""Questions that take long: answered in another thread, and no reason to wait at the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from camwire.analytics.rules.events import Event
from camwire.link.answers import Rehearsed
from camwire.link.desired import DesiredRehearsal
from camwire.link.events import Events, EventsKept
from camwire.link.message import Message
from camwire.link.messages import Downward
from camwire.pipeline.questions import Questions
from camwire.pipeline.worker import Worker
from camwire.server.desired import Desired
from tests.server.configs import config
from tests.support.waiting import wait_for

EVENT = Event(
    kind="in", rule="door", camera="gate", time=1.0, sequence=1, subject=None, value=None, counts={}
)
TRIED = DesiredRehearsal(id="1", camera="gate", seconds=60, rules=())


class Server:
    """Stands in for the worker's end of the link: says ``messages``, then that it has all events."""

    def __init__(self, *messages: Downward) -> None:
        self._messages = [*messages]
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        self.sent.append(message)
        if isinstance(message, Events):
            self._messages.append(EventsKept(pid=message.pid, upto=message.upto))

    def receive(self, timeout: float) -> Downward | None:
        return self._messages.pop(0) if self._messages else None

    def close(self) -> None: ...


@contextmanager
def worker_with(server: Server, folder: Path) -> Iterator[Worker]:
    """A worker that is to stop, and has an event to hand over."""
    worker = Worker("cpu", "cpu", folder)
    worker._link.close()
    worker._link = server  # type: ignore[assignment]
    worker._applier.start()
    worker._outbox.add([EVENT])
    yield worker


def within(seconds: float, work: Any) -> list[Any]:
    """What ``work`` returned, if it did."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    return results


def test_what_nobody_foresaw_is_told_in_place_of_an_answer() -> None:
    questions: Questions[int, str] = Questions("sums", lambda n: str(1 // n), lambda n, why: f"{n}: {why}")
    questions.ask(0)
    questions.ask(1)
    found: list[str] = []
    wait_for(lambda: found.extend(questions.answers()) or len(found) == 2, "both answers")
    assert found == ["0: an unexpected error (ZeroDivisionError)", "1"]
    questions.close()


@pytest.mark.integration
def test_a_rehearsal_under_way_keeps_no_worker_from_handing_over_its_last_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, end = threading.Event(), threading.Event()

    def rehearse(*_: object) -> SimpleNamespace:
        begun.set()
        end.wait(60)
        return SimpleNamespace(since=0.0, until=0.0, frames=0, counts={}, events=())

    server = Server()
    with worker_with(server, tmp_path) as worker:
        monkeypatch.setattr(worker._engine.analysis, "rehearse", rehearse)
        worker._rehearsals.apply((TRIED,))
        assert begun.wait(10)
        try:
            assert within(20, worker._stop) == [0]
        finally:
            end.set()
        assert worker._outbox.waiting == 0
        assert [message.upto for message in server.sent if isinstance(message, Events)] == [1]
        assert not any(isinstance(message, Rehearsed) for message in server.sent)


@pytest.mark.integration
def test_a_worker_that_stops_applies_no_other_desired_state(tmp_path: Path) -> None:
    newer = replace(Desired(config("gate")).document(), rehearsals=(TRIED,))
    stranger = EventsKept(pid=os.getpid() + 1, upto=1)
    with worker_with(Server(newer, stranger), tmp_path) as worker:
        assert worker._stop() == 0
        assert worker._newest.empty()
        assert worker._outbox.waiting == 0
