"""What the server's tests leave open is closed behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from camwire.server.events.store import EventStore


@pytest.fixture(autouse=True)
def _closed_stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python 3.13 warns of databases that nobody closed; a test that fails can't have closed its own."""
    opened: list[EventStore] = []
    real = EventStore.__init__

    def opening(self: EventStore, *arguments: Any, **named: Any) -> None:
        real(self, *arguments, **named)
        opened.append(self)

    monkeypatch.setattr(EventStore, "__init__", opening)
    yield
    for store in opened:
        store.close()
