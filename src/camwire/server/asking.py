"""Questions to workers: part of the desired state until they are answered, so that a worker which is started
anew goes on with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class TooManyAtOnceError(Exception):
    """As many questions are open as may be at once; the message says what they are about."""


class Asking(Generic[Answer]):
    """Questions of one kind."""

    def __init__(self, what: str, at_once: int) -> None:
        """``what``, for people, is being done when a question is open."""
        self._what = what
        self._at_once = at_once
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[Answer]] = {}

    def answered(self, name: str, answer: Answer) -> None:
        """A worker has answered; the first answer counts."""
        waiting = self._waiting.get(name)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def ask(
        self, put: Callable[[str], None], withdraw: Callable[[str], None], timeout: float
    ) -> Answer | None:
        """``put`` the question, of this name, into the desired state, and ``withdraw`` it in the end.

        None when no answer came within ``timeout`` seconds. Raises TooManyAtOnceError.
        """
        if len(self._waiting) >= self._at_once:
            raise TooManyAtOnceError(f"{self._at_once} {self._what} already")
        name = str(next(self._numbers))
        self._waiting[name] = asyncio.get_running_loop().create_future()
        put(name)
        try:
            return await asyncio.wait_for(self._waiting[name], timeout)
        except TimeoutError:
            return None
        finally:
            del self._waiting[name]
            withdraw(name)
