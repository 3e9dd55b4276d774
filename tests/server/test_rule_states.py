"""What the rules have counted, over the server's own end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from camwire.config.events import EventsConfig
from camwire.link.messages import RuleState
from camwire.server.events.keeper import EventKeeper
from camwire.server.rule_states import RuleStates


async def ignore(*_: object) -> None:
    pass


def kept(folder: Path, *, state: bytes | None = None) -> RuleState | None:
    """What a server that starts in the folder hands to its worker, after it has heard of ``state``."""

    async def run() -> RuleState | None:
        keeper = EventKeeper(EventsConfig(), folder, ignore)
        task = asyncio.create_task(keeper.run())
        await asyncio.sleep(0)
        states = RuleStates(keeper)
        if state is not None:
            states.received("cpu", RuleState(state=state))
            await states.save()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return states.of("cpu")

    return asyncio.run(run())


def test_a_server_that_is_started_again_hands_on_what_was_counted(tmp_path: Path) -> None:
    assert kept(tmp_path) is None
    assert not (tmp_path / "events.db").exists()
    kept(tmp_path, state=b"counted")
    assert kept(tmp_path) == RuleState(state=b"counted")


def test_a_file_that_cannot_be_read_costs_the_counts_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"no database" * 1000)
    assert kept(tmp_path) is None


def test_a_disk_that_takes_nothing_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    state = msgspec.msgpack.encode({"rules": {}})
    assert kept(folder, state=state) == RuleState(state=state)
    folder.mkdir()
    kept(folder, state=state)
    assert kept(folder) == RuleState(state=state)


def test_state_that_means_nothing_can_be_cleared(tmp_path: Path) -> None:
    states = RuleStates()
    states.received("cpu", RuleState(state=b"\xff\xff"))
    states.clear(["door"])
    states.clear()
