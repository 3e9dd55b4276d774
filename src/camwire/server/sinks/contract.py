"""What a sink does, and what it says when it can't."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Document = Mapping[str, Any]
"""An event as programs get it."""


class SinkError(Exception):
    """The message says why, for people and without secrets."""

    def __init__(self, reason: str, delivered: int = 0) -> None:
        """``delivered``: how many of the events, from the first on, the receiver has nevertheless."""
        super().__init__(reason)
        self.delivered = delivered


class NotNowError(SinkError):
    """The receiver can't be reached, or wants the events later: they are tried again."""

    def __init__(self, reason: str, delivered: int = 0, after: float = 0.0) -> None:
        """``after``: seconds that the receiver asks for."""
        super().__init__(reason, delivered)
        self.after = after


class NeverError(SinkError):
    """The receiver will never take the first of the events that were not delivered."""


class Sink(Protocol):
    """One connection to a receiver, or none yet."""

    async def deliver(self, events: Sequence[Document]) -> None:
        """Hand the events over in order; done when the receiver has all of them.

        Raises NotNowError or NeverError.
        """

    async def close(self) -> None:
        """Give the connection up; ``deliver`` may open it again."""
