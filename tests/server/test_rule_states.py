"""What the rules have counted, over the server's own end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import numpy as np

from camwire.config.events import EventsConfig
from camwire.config.rules import HeatmapRule
from camwire.link.events import RuleState
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


HEAT = HeatmapRule(type="heatmap", name="heat", rows=1, columns=2)


def counted(*, mark: str = "same", **seconds: float) -> RuleState:
    """Of a worker that has counted so much at each camera."""
    by_camera = {
        camera: {
            "counts": {"in": {"person": int(value)}},
            "extra": np.array([value, 0], "<f4").tobytes(),
            "objects": {},
        }
        for camera, value in seconds.items()
    }
    clocks = {camera: {"clock": [1.0, 1, 0.0, 1.0], "objects": []} for camera in seconds}
    state = {"version": 1, "prints": {"heat": mark}, "rules": {"heat": by_camera}, "cameras": clocks}
    return RuleState(state=msgspec.msgpack.encode(state))


def persons(state: RuleState | None) -> dict[str, int]:
    assert state is not None
    by_camera = msgspec.msgpack.decode(state.state)["rules"]["heat"]
    return {camera: kept["counts"]["in"]["person"] for camera, kept in by_camera.items()}


def test_a_camera_that_moves_takes_its_counts_along() -> None:
    states = RuleStates()
    assert states.moved("cuda:0", ["gate", "yard"]) is None
    states.moved("cuda:1", ["door"])
    states.received("cuda:0", counted(gate=5, yard=7))
    states.received("cuda:1", counted(door=1))
    assert persons(states.moved("cuda:1", ["gate"])) == {"gate": 5}
    assert persons(states.of("cuda:1")) == {"door": 1, "gate": 5}
    assert persons(states.of("cuda:0")) == {"yard": 7}
    states.received("cuda:0", counted(gate=5, yard=8))  # it knows the camera still
    states.received("cuda:1", counted(door=1, gate=6))
    assert states.heatmap(HEAT, "gate").tolist() == [[6, 0]]
    assert persons(states.moved("cuda:0", ["gate"])) == {"gate": 6}, "and back"
    assert persons(states.of("cuda:0")) == {"yard": 8, "gate": 6}


def test_what_a_worker_counted_that_is_started_no_more_goes_to_who_counts_there_now() -> None:
    states = RuleStates()
    states.received("cpu", counted(gate=5, yard=7))
    states.moved("cuda:0", ["gate", "yard"])
    assert persons(states.of("cuda:0")) == {"gate": 5, "yard": 7}
    states.received("cuda:0", counted(gate=6, yard=7))
    assert states.heatmap(HEAT, "gate").tolist() == [[6, 0]], "not both"


def test_a_rule_that_counted_something_else_there_begins_anew() -> None:
    states = RuleStates()
    states.received("cpu", counted(mark="older", gate=5))
    states.received("cuda:0", counted(yard=7))
    states.moved("cuda:0", ["gate", "yard"])
    assert persons(states.of("cuda:0")) == {"yard": 7}
