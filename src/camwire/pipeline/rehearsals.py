"""Rules that are tried out on the last minutes, beside those that run."""

from __future__ import annotations

import queue
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import structlog

from camwire.link.messages import DesiredRehearsal, Rehearsed
from camwire.models import ModelError
from camwire.pipeline.analysis import Analysis
from camwire.pipeline.outbox import linked_event

log = structlog.get_logger()

MOST_EVENTS = 1000
"""In an answer; the newest."""


class Rehearsals:
    """``apply``, ``results`` and ``close`` are called by one thread; the work is done by another."""

    def __init__(self, analysis: Analysis, worker: str) -> None:
        self._analysis = analysis
        self._worker = worker
        self._known: set[str] = set()
        self._answers: queue.SimpleQueue[Rehearsed] = queue.SimpleQueue()
        self._thread = ThreadPoolExecutor(1, "rehearsal")

    def apply(self, rehearsals: Iterable[DesiredRehearsal]) -> None:
        """Begin those that are new."""
        wanted = {rehearsal.id: rehearsal for rehearsal in rehearsals}
        for name in wanted.keys() - self._known:
            self._thread.submit(self._rehearse, wanted[name])
        self._known = set(wanted)

    def results(self) -> list[Rehearsed]:
        """What has come out since the last call; one answer each."""
        found = []
        while not self._answers.empty():
            found.append(self._answers.get())
        return found

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _rehearse(self, wanted: DesiredRehearsal) -> None:
        """The thread's supervisor boundary: what nobody foresaw is logged, and told in place of an answer."""
        try:
            answer = self._answer(wanted)
        except ModelError as error:
            answer = Rehearsed(worker=self._worker, rehearsal=wanted.id, reason=str(error))
        except Exception as error:
            log.exception("a rehearsal failed")
            reason = f"an unexpected error ({type(error).__name__})"
            answer = Rehearsed(worker=self._worker, rehearsal=wanted.id, reason=reason)
        self._answers.put(answer)

    def _answer(self, wanted: DesiredRehearsal) -> Rehearsed:
        outcome = self._analysis.rehearse(wanted.rules, wanted.camera, wanted.seconds)
        return Rehearsed(
            worker=self._worker,
            rehearsal=wanted.id,
            since=outcome.since,
            until=outcome.until,
            frames=outcome.frames,
            counts=outcome.counts,
            events=tuple(
                linked_event(str(number), event)
                for number, event in enumerate(outcome.events[-MOST_EVENTS:], start=1)
            ),
        )
