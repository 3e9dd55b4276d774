"""Questions of the server that take long to answer, one after the other in a thread of their own."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import structlog

Question = TypeVar("Question")
Answer = TypeVar("Answer")

log = structlog.get_logger()


class Questions(Generic[Question, Answer]):
    """``ask``, ``answers`` and ``close`` are called by one thread, and none of them waits."""

    def __init__(
        self, name: str, answer: Callable[[Question], Answer], failed: Callable[[Question, str], Answer]
    ) -> None:
        """``name`` is the thread's, in which ``answer`` is called; ``failed`` says in place of an answer why
        there is none."""
        self._name = name
        self._answer = answer
        self._failed = failed
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._thread = ThreadPoolExecutor(1, name)

    def ask(self, question: Question) -> None:
        """Not to be called after ``close``."""
        self._thread.submit(self._work, question)

    def answers(self) -> list[Answer]:
        """What has come out since the last call; one answer each."""
        found = []
        while not self._answers.empty():
            found.append(self._answers.get())
        return found

    def close(self) -> None:
        """Leave out what hasn't begun. What has may take longer than a worker has time to end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _work(self, question: Question) -> None:
        """The thread's supervisor boundary: what nobody foresaw is logged, and told in place of an answer."""
        try:
            answer = self._answer(question)
        except Exception as error:
            log.exception("a question could not be answered", about=self._name)
            answer = self._failed(question, f"an unexpected error ({type(error).__name__})")
        self._answers.put(answer)
