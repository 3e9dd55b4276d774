"""What comes over the link is kept, and acknowledged only then."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from camwire.config.events import EventsConfig
from camwire.link.events import Events, LinkedEvent
from camwire.server.events.event import StoredEvent
from camwire.server.events.keeper import WAITING, EventKeeper
from camwire.server.events.queries import Query, find
from camwire.server.events.store import Bounds, EventStore
from tests.server.running import until


def message(*numbers):
    events = tuple(
        LinkedEvent(id=f"w-{n}", time=2e9 + n, camera="gate", rule="door", kind="in", body={"frame": n})
        for n in numbers
    )
    return Events(worker="cpu", pid=42, upto=numbers[-1], events=events)


@asynccontextmanager
async def keeping(folder):
    """A keeper that runs, and what it acknowledges."""
    answers = asyncio.Queue()

    async def acknowledge(worker, kept):
        answers.put_nowait((worker, kept.pid, kept.upto))

    keeper = EventKeeper(EventsConfig(), folder, acknowledge)
    task = asyncio.create_task(keeper.run())
    yield keeper, answers
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_kept_then_acknowledged(tmp_path):
    async def scene():
        async with keeping(tmp_path) as (keeper, answers):
            assert not (tmp_path / "events.db").exists()
            keeper.received(message(1, 2))
            assert await asyncio.wait_for(answers.get(), 30) == ("cpu", 42, 2)
            assert [event.id for event in find(tmp_path / "events.db", Query())] == ["w-1", "w-2"]
            keeper.received(message(1, 2, 3))
            assert await asyncio.wait_for(answers.get(), 30) == ("cpu", 42, 3)
            assert keeper.kept == 3

    asyncio.run(scene())
    assert len(find(tmp_path / "events.db", Query())) == 3


def test_old_events_go_though_no_new_ones_come(tmp_path):
    path = tmp_path / "events.db"

    def put(number):
        store = EventStore(path, Bounds())
        store.add([StoredEvent(f"w-{number}", 1000.0, "gate", "door", "in", {})])
        store.close()

    async def scene():
        put(1)
        keeper = EventKeeper(EventsConfig(), tmp_path, lambda *_: asyncio.sleep(0), prune_every=0.01)
        task = asyncio.create_task(keeper.run())
        await until(lambda: not find(path, Query()), "what was there before goes")
        put(2)
        await until(lambda: not find(path, Query()), "what gets old while nothing comes goes")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(scene())


def test_what_cannot_be_kept_is_not_acknowledged_and_kept_when_it_comes_again(tmp_path):
    folder = tmp_path / "later"

    async def scene():
        async with keeping(folder) as (keeper, answers):
            keeper.received(message(1))
            while keeper.problem is None:
                await asyncio.sleep(0)
            assert "unable to open" in keeper.problem
            assert answers.empty()
            folder.mkdir()
            keeper.received(message(1))
            assert await asyncio.wait_for(answers.get(), 30) == ("cpu", 42, 1)
            assert keeper.problem is None

    asyncio.run(scene())


ALL = ["events.db", "events.db-wal", "events.db-shm"]


@pytest.mark.parametrize(("names", "moved"), [(["events.db"], False), (ALL, False), (ALL, True)])
def test_when_the_file_is_taken_away_a_new_one_goes_on(tmp_path, names, moved):
    """By somebody who thinks that it comes again, or keeps it elsewhere."""
    path = tmp_path / "events.db"
    aside = tmp_path / "aside"
    aside.mkdir()

    async def scene():
        async with keeping(tmp_path) as (keeper, answers):
            keeper.received(message(1, 2))
            await asyncio.wait_for(answers.get(), 30)
            for name in names:
                if moved:
                    (tmp_path / name).rename(aside / name)
                else:
                    (tmp_path / name).unlink()
            keeper.received(message(3))
            await asyncio.wait_for(answers.get(), 30)
            assert [(event.number, event.id) for event in find(path, Query())] == [(3, "w-3")]
            assert await keeper.use(lambda store: store.cursor("new")) == 3
            keeper.received(message(4))
            await asyncio.wait_for(answers.get(), 30)
        assert [event.number for event in find(path, Query())] == [3, 4]
        if moved:
            assert [event.number for event in find(aside / "events.db", Query())] == [1, 2]

    asyncio.run(scene())


def test_a_disk_that_hangs_costs_bounded_memory(tmp_path):
    keeper = EventKeeper(EventsConfig(), tmp_path, lambda *_: asyncio.sleep(0))
    for number in range(WAITING + 50):
        keeper.received(message(number + 1))
    assert keeper._waiting.qsize() == WAITING
