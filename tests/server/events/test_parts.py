"""Events told to clients and receivers: their files are looked at where nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from camwire.config.events import EventsConfig
from camwire.config.sinks import JsonLinesConfig
from camwire.server.desired import Desired
from camwire.server.events.event import StoredEvent
from camwire.server.events.keeper import EventKeeper
from camwire.server.events.parts import EventParts
from camwire.server.sinks.contract import Document
from camwire.server.sinks.courier import Courier
from tests.server.configs import config


class Looking:
    """Tells events, and remembers which and where."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.threads: set[threading.Thread] = set()

    def __call__(self, event: StoredEvent, now: float = 0.0) -> dict[str, Any]:
        self.told.append(event.camera)
        self.threads.add(threading.current_thread())
        return event.as_json()


def event(number: int, camera: str) -> StoredEvent:
    return StoredEvent(f"w-{number}", 1.0, camera, "door", "in", {}, number)


async def nothing(*_: object) -> None: ...


def test_only_events_that_someone_wants_are_told_and_in_order(tmp_path: Path) -> None:
    settings, looking = config("gate", "yard"), Looking()
    heard: list[tuple[str, int]] = []

    def tell(camera: str, document: Mapping[str, Any]) -> None:
        heard.append((camera, document["number"]))

    parts = EventParts(
        settings,
        tmp_path,
        Desired(settings),
        changed=lambda: None,
        acknowledge=nothing,
        wanted=lambda camera: camera == "gate",
        tell=tell,
        save=nothing,
    )
    parts.media.told = looking  # type: ignore[method-assign]
    asyncio.run(parts._kept([event(1, "gate"), event(2, "yard"), event(3, "gate")]))
    assert heard == [("gate", 1), ("gate", 3)]
    assert looking.told == ["gate", "gate"]
    assert threading.current_thread() not in looking.threads


def test_a_receiver_s_events_are_told_in_a_thread(tmp_path: Path) -> None:
    class Taking:
        taken: tuple[int, ...] = ()

        async def deliver(self, events: Sequence[Document]) -> None:
            self.taken = tuple(event["number"] for event in events)

        async def close(self) -> None: ...

    sink, looking = Taking(), Looking()
    keeper = EventKeeper(EventsConfig(), tmp_path, nothing)
    courier = Courier(JsonLinesConfig(name="log", file="log.jsonl"), sink, keeper, looking)
    asyncio.run(courier._hand_over([event(1, "gate"), event(2, "gate")], 2))
    assert sink.taken == (1, 2)
    assert threading.current_thread() not in looking.threads
