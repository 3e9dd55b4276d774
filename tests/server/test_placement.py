"""Cameras to workers: spread by load, moved when a worker fails, left alone otherwise."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.link.reports import CameraReport
from camwire.server.attendance import PATIENCE, PATIENCE_AT_FIRST, STEADY
from camwire.server.placement import UNEVEN, Placement, cost_of, placed
from camwire.server.supervisor import Phase

costs = st.dictionaries(st.text(max_size=3), st.floats(0.1, 100), max_size=12)
workers = st.lists(st.sampled_from(["cuda:0", "cuda:1", "cuda:2", "cuda:3"]), unique=True, min_size=1)


@given(costs, workers, st.data())
def test_everything_is_placed_and_evenly_enough(costs: dict[str, float], workers: list[str], data) -> None:
    before = {
        camera: data.draw(st.sampled_from([*workers, "gone"])) for camera in costs if data.draw(st.booleans())
    }
    after = placed(costs, workers, before)
    assert list(after) == list(costs)
    assert set(after.values()) <= set(workers)
    loads = {w: sum(costs[c] for c in costs if after[c] == w) for w in workers}
    busiest, idlest = max(loads, key=loads.__getitem__), min(loads, key=loads.__getitem__)
    gap = loads[busiest] - loads[idlest]
    smallest = min((costs[c] for c in costs if after[c] == busiest), default=0)
    assert gap <= UNEVEN * sum(loads.values()) / len(loads) or smallest >= gap, "a move would even it out"
    assert placed(costs, workers, after) == after, "a second look moves nobody"


@given(costs, workers)
def test_a_worker_that_fails_moves_its_own_cameras_only(costs: dict[str, float], workers: list[str]) -> None:
    before = placed(costs, [*workers, "failing"], {})
    after = placed(dict.fromkeys(costs, 1.0), workers, before)
    equal = placed(dict.fromkeys(costs, 1.0), [*workers, "failing"], {})
    moved = {c for c in costs if placed(dict.fromkeys(costs, 1.0), workers, equal)[c] != equal[c]}
    assert set(after.values()) <= set(workers)
    assert moved == {c for c in costs if equal[c] == "failing"}


def test_without_workers_nothing_changes() -> None:
    assert placed({"a": 1.0, "b": 1.0}, [], {"a": "cuda:0"}) == {"a": "cuda:0"}


def report(name: str, fps: float, width: int = 1920, height: int = 1080) -> CameraReport:
    return CameraReport(id=name, phase="live", input_fps=fps, width=width, height=height)


def test_a_camera_costs_by_its_frames_and_their_size() -> None:
    assert cost_of(report("a", 0)) is None
    slow, small, large = (
        cost_of(one) or 0.0
        for one in (report("c", 5), report("a", 30, 640, 360), report("b", 30, 3840, 2160))
    )
    assert 0 < slow < small < large


def phases(second: Phase = "running", first: Phase = "running") -> dict[str, Phase]:
    return {"cuda:0": first, "cuda:1": second}


def test_cameras_go_to_others_when_a_worker_stays_away_and_not_before() -> None:
    placement = Placement(["cuda:0", "cuda:1"])
    cameras = ["a", "b", "c", "d"]
    assert placement.update(cameras, {}, phases(), 0.0)
    assert len(placement.cameras_of("cuda:0")) == len(placement.cameras_of("cuda:1")) == 2
    mine = placement.cameras_of("cuda:0")
    assert not placement.update(cameras, {}, phases("restarting"), 10.0)
    assert not placement.update(cameras, {}, phases("starting"), 10.0 + 0.9 * PATIENCE)
    assert placement.update(cameras, {}, phases("restarting"), 10.0 + PATIENCE)
    assert placement.cameras_of("cuda:0") == set(cameras)
    assert placement.first == "cuda:0"
    assert not placement.update(cameras, {}, phases(), 100.0), "it may end again soon"
    assert placement.update(cameras, {}, phases(), 100.0 + STEADY), "it is back"
    assert len(placement.cameras_of("cuda:1")) == 2
    assert len(placement.cameras_of("cuda:0") & mine) >= 1


def test_when_all_are_away_everything_stays_where_it_is() -> None:
    placement = Placement(["cuda:0", "cuda:1"])
    placement.update(["a", "b"], {}, phases(), 0.0)
    before = placement.cameras_of("cuda:0"), placement.cameras_of("cuda:1")
    placement.update(["a", "b"], {}, phases("failing", "failing"), 5.0)
    placement.update(["a", "b"], {}, phases("failing", "failing"), 50.0)
    assert (placement.cameras_of("cuda:0"), placement.cameras_of("cuda:1")) == before


def test_load_alone_moves_nobody_but_counts_when_a_camera_comes() -> None:
    placement = Placement(["cuda:0", "cuda:1"])
    placement.update(["a", "b"], {}, phases(), 0.0)
    busy = {"a": report("a", 60, 3840, 2160), "b": report("b", 5)}
    assert not placement.update(["a", "b"], busy, phases(), 1.0)
    assert placement.update(["a", "b", "c"], busy, phases(), 2.0)
    with_c = next(w for w in ("cuda:0", "cuda:1") if "c" in placement.cameras_of(w))
    assert "b" in placement.cameras_of(with_c)


def moves(life: Callable[[float], Phase], seconds: int) -> list[float]:
    """When cameras move while the second worker lives so and the first one always runs."""
    placement = Placement(["cuda:0", "cuda:1"])
    moved = [now for now in range(seconds) if placement.update(["a", "b"], {}, phases(life(now)), now)]
    assert moved[0] == 0
    return moved[1:]


def test_a_worker_that_ends_again_and_again_gets_no_cameras_in_between() -> None:
    def life(now: float) -> Phase:
        if now < 100:
            return "running"
        within = (now - 100) % 8
        return "restarting" if within < 1 else "starting" if within < 4 else "running"

    [moved] = moves(life, 1000)
    assert PATIENCE <= moved - 100 < PATIENCE + 8


@pytest.mark.parametrize("ran_for", [12, 45, 59])
def test_nor_one_that_runs_for_a_while_each_time(ran_for: int) -> None:
    def life(now: float) -> Phase:
        within = now % (ran_for + 15)
        return "running" if within < ran_for else "restarting" if within < ran_for + 10 else "starting"

    assert len(moves(life, 3600)) == 1


def test_one_short_fault_moves_nothing_and_is_forgotten() -> None:
    def life(now: float) -> Phase:
        return "starting" if now % 120 in (100, 101, 102) else "running"

    assert moves(life, 3600) == []


def test_one_that_hangs_while_it_starts_is_away_after_a_while_and_back_as_soon_as_it_runs() -> None:
    def life(now: float) -> Phase:
        return "starting" if now < 110 else "running"

    assert moves(life, 300) == [PATIENCE_AT_FIRST, 110]


def test_one_that_is_killed_because_it_hangs_stays_away() -> None:
    def life(now: float) -> Phase:
        return "restarting" if now % 121 >= 120 else "starting"

    assert moves(life, 1000) == [PATIENCE_AT_FIRST]
