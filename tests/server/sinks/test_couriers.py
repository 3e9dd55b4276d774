"""All sinks together: they follow the configuration, and none holds up another."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from camwire.config.events import EventsConfig
from camwire.config.secrets import SecretUrl
from camwire.config.sinks import JsonLinesConfig, MqttConfig, SinksConfig, WebhookConfig
from camwire.link.events import Events, LinkedEvent
from camwire.server.events.event import StoredEvent
from camwire.server.events.keeper import EventKeeper
from camwire.server.events.store import EventStore, StoreError
from camwire.server.sinks.couriers import Couriers
from tests.server.running import until

LINES = JsonLinesConfig(name="lines", file="events.jsonl")
DEAD = WebhookConfig(name="dead", url=SecretUrl("http://127.0.0.1:9/"))
Report = Callable[[int], Awaitable[None]]


def with_couriers(
    folder: Path, settings: SinksConfig, play: Callable[[Couriers, EventKeeper, Report], Awaitable[None]]
) -> None:
    """Let ``play`` use couriers that run; it is given what reports one more event, as a worker does."""

    async def run() -> None:
        acknowledged: asyncio.Queue[int] = asyncio.Queue()

        async def acknowledge(_: str, kept: object) -> None:
            acknowledged.put_nowait(1)

        async def kept(events: Sequence[StoredEvent]) -> None:
            couriers.kept(events)

        keeper = EventKeeper(EventsConfig(), folder, acknowledge, kept)
        couriers = Couriers(settings, folder, keeper, StoredEvent.as_json)

        async def report(number: int) -> None:
            event = LinkedEvent(id=f"w-{number}", time=1.0, camera="gate", rule="door", kind="in", body={})
            keeper.received(Events(worker="cpu", pid=1, upto=number, events=(event,)))
            await acknowledged.get()

        tasks = [asyncio.create_task(keeper.run()), asyncio.create_task(couriers.run())]
        try:
            await asyncio.wait_for(play(couriers, keeper, report), 100)
        finally:
            for task in reversed(tasks):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def lines(path: Path) -> list[int]:
    return [json.loads(line)["number"] for line in path.read_text().splitlines()] if path.exists() else []


async def soon(condition: Callable[[], object], what: str) -> None:
    """With a deadline for a busy machine."""
    await until(condition, what, 30)


async def ready(couriers: Couriers, *names: str) -> None:
    await soon(lambda: set(names) <= set(couriers.states()), "the sinks")


async def placed(keeper: EventKeeper, sink: str, number: int) -> None:
    """Until it is on the disk how far the sink is: one that ends before delivers again."""
    async with asyncio.timeout(30):
        while await keeper.use(lambda store: store.cursor(sink)) != number:
            await asyncio.sleep(0.005)


def test_a_dead_sink_holds_up_no_other_and_changes_are_followed(tmp_path: Path) -> None:
    async def play(couriers: Couriers, keeper: EventKeeper, report: Report) -> None:
        await ready(couriers, "lines", "dead")
        await keeper.use(lambda store: (store.cursor("lines"), store.cursor("dead")))
        for number in range(1, 4):
            await report(number)
        await soon(lambda: lines(tmp_path / "events.jsonl") == [1, 2, 3], "the lines")
        await soon(lambda: couriers.states()["dead"]["problem"] is not None, "the dead one's problem")
        assert couriers.states()["dead"]["waiting"] == 3
        await placed(keeper, "lines", 3)
        moved = LINES.model_copy(update={"file": "other.jsonl"})
        couriers.configured(SinksConfig(files=(moved,)))
        await soon(lambda: set(couriers.states()) == {"lines"}, "the dead one's end")
        await report(4)
        await soon(lambda: lines(tmp_path / "other.jsonl") == [4], "the line in the other file")
        assert lines(tmp_path / "events.jsonl") == [1, 2, 3]
        await placed(keeper, "lines", 4)
        off = moved.model_copy(update={"enabled": False})
        couriers.configured(SinksConfig(files=(off,)))
        await soon(lambda: couriers.states() == {}, "the sink to be switched off")
        await report(5)
        couriers.configured(SinksConfig(files=(moved,)))
        await soon(lambda: lines(tmp_path / "other.jsonl") == [4, 5], "what waited while it was off")

    with_couriers(tmp_path, SinksConfig(webhooks=(DEAD,), files=(LINES,)), play)


def test_a_place_that_cannot_be_saved_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(store: EventStore, sink: str, number: int) -> None:
        raise StoreError("events.db: database or disk is full")

    async def play(couriers: Couriers, keeper: EventKeeper, report: Report) -> None:
        await ready(couriers, "lines")
        await keeper.use(lambda store: store.cursor("lines"))
        monkeypatch.setattr(EventStore, "move_cursor", full)
        await report(1)
        await soon(lambda: couriers.states()["lines"]["problem"] is not None, "the problem")
        await report(2)
        await soon(lambda: lines(tmp_path / "events.jsonl") == [1, 2], "the lines, each once")
        monkeypatch.undo()
        await report(3)
        await soon(lambda: lines(tmp_path / "events.jsonl") == [1, 2, 3], "the next line")
        await placed(keeper, "lines", 3)
        assert couriers.states()["lines"]["problem"] is None

    with_couriers(tmp_path, SinksConfig(files=(LINES,)), play)


def test_a_missing_package_is_that_sinks_problem_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiomqtt", None)

    async def play(couriers: Couriers, keeper: EventKeeper, report: Report) -> None:
        await ready(couriers, "lines", "broker")
        assert couriers.states()["broker"]["state"] == "impossible"
        assert "aiomqtt" in couriers.states()["broker"]["problem"]

    broker = MqttConfig(name="broker", url=SecretUrl("mqtt://127.0.0.1"))
    with_couriers(tmp_path, SinksConfig(mqtt=(broker,), files=(LINES,)), play)


def test_what_no_sink_can_be_made_of_is_that_sinks_problem_alone(tmp_path: Path) -> None:
    """A home folder that was there when the configuration was read, for example."""
    gone = LINES.model_copy(update={"name": "gone", "file": "~no-such-user/events.jsonl"})
    port = MqttConfig(name="port", url=SecretUrl("mqtt://127.0.0.1")).model_copy(
        update={"url": SecretUrl("mqtt://cam:sesame7@127.0.0.1:99999")}
    )

    async def play(couriers: Couriers, keeper: EventKeeper, report: Report) -> None:
        await ready(couriers, "lines")
        couriers.configured(SinksConfig(mqtt=(port,), files=(LINES, gone)))
        await ready(couriers, "lines", "gone", "port")
        states = couriers.states()
        assert [states[name]["state"] for name in ("lines", "gone", "port")] == [
            "delivering",
            "impossible",
            "impossible",
        ]
        assert "sesame7" not in str(states)
        await report(1)
        await soon(lambda: lines(tmp_path / "events.jsonl") == [1], "the line of the sink that is possible")

    with_couriers(tmp_path, SinksConfig(files=(LINES,)), play)
