"""Rules that are tried out on the last minutes, beside those that run."""

from __future__ import annotations

from collections.abc import Iterable

from camwire.link.answers import Rehearsed
from camwire.link.desired import DesiredRehearsal
from camwire.models import ModelError
from camwire.pipeline.analysis import Analysis
from camwire.pipeline.outbox import linked_event
from camwire.pipeline.questions import Questions

MOST_EVENTS = 1000
"""In an answer; the newest."""


class Rehearsals:
    """``apply``, ``results`` and ``close`` are called by one thread; the work is done by another."""

    def __init__(self, analysis: Analysis, worker: str) -> None:
        self._analysis = analysis
        self._worker = worker
        self._known: set[str] = set()
        self._questions = Questions("rehearsal", self._answer, self._impossible)

    def apply(self, rehearsals: Iterable[DesiredRehearsal]) -> None:
        """Begin those that are new."""
        wanted = {rehearsal.id: rehearsal for rehearsal in rehearsals}
        for name in wanted.keys() - self._known:
            self._questions.ask(wanted[name])
        self._known = set(wanted)

    def results(self) -> list[Rehearsed]:
        """What has come out since the last call; one answer each."""
        return self._questions.answers()

    def close(self) -> None:
        """Nobody waits for a rehearsal that is under way."""
        self._questions.close()

    def _answer(self, wanted: DesiredRehearsal) -> Rehearsed:
        try:
            return self._rehearsed(wanted)
        except ModelError as error:
            return self._impossible(wanted, str(error))

    def _impossible(self, wanted: DesiredRehearsal, reason: str) -> Rehearsed:
        return Rehearsed(worker=self._worker, rehearsal=wanted.id, reason=reason)

    def _rehearsed(self, wanted: DesiredRehearsal) -> Rehearsed:
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
