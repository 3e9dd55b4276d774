"""What the server's tests leave open is closed behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from camwire.server.auth.store import AccountStore
from camwire.server.events.store import EventStore


@pytest.fixture(autouse=True)
def _closed_stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python 3.13 warns of databases that nobody closed; a test that fails can't have closed its own."""
    opened: list[EventStore | AccountStore] = []
    for kind in (EventStore, AccountStore):
        monkeypatch.setattr(kind, "__init__", noting(kind.__init__, opened))
    yield
    for store in opened:
        store.close()


def noting(real: Callable[..., None], opened: list[Any]) -> Callable[..., None]:
    def begin(self: Any, *arguments: Any, **named: Any) -> None:
        real(self, *arguments, **named)
        opened.append(self)

    return begin
