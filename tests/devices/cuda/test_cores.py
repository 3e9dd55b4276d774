from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.devices.cuda.cores import cores_of, listed, near
from camwire.devices.cuda.detect import batch_sizes

BUS = "0000:3B:00.0"


def test_workers_have_cores_of_their_own_while_there_are_enough() -> None:
    groups = [cores_of(gpu, worker, range(32), 4) for gpu in (0, 1) for worker in range(4)]
    assert groups[:2] == [{0, 2, 4, 6}, {8, 10, 12, 14}]
    assert len(frozenset().union(*groups)) == 32


@given(
    st.integers(0, 15),
    st.integers(0, 3),
    st.frozensets(st.integers(0, 500), min_size=1),
    st.integers(1, 40),
)
def test_a_worker_has_as_many_as_asked_for_or_all_that_there_are(
    gpu: int, worker: int, cores: frozenset[int], count: int
) -> None:
    own = cores_of(gpu, worker, cores, count)
    assert own <= cores
    assert len(own) == min(count, len(cores))


@given(st.frozensets(st.integers(0, 300)))
def test_the_kernels_lists_are_read(cores: frozenset[int]) -> None:
    assert listed(",".join(f"{core}-{core}" if core % 2 else str(core) for core in cores) + "\n") == cores


def test_ranges_are_read() -> None:
    assert listed("0-3,8,10-11\n") == {0, 1, 2, 3, 8, 10, 11}


@pytest.mark.parametrize(
    ("said", "cores"),
    [
        ("0-3,64-67\n", {2, 3}),
        ("64-67\n", {2, 3, 4}),  # none of those that may be used
        ("\n", {2, 3, 4}),
        ("nonsense\n", {2, 3, 4}),
        (None, {2, 3, 4}),
    ],
)
def test_cores_near_the_gpu_are_taken_where_the_machine_tells(
    said: str | None, cores: set[int], tmp_path: Path
) -> None:
    if said is not None:
        (tmp_path / BUS.lower()).mkdir()
        (tmp_path / BUS.lower() / "local_cpulist").write_text(said)
    assert near(BUS, {2, 3, 4}, tmp_path) == cores


def test_networks_that_are_slow_to_prepare_get_few_batch_sizes() -> None:
    assert batch_sizes(32) == [1, 2, 4, 8, 16, 32]
    assert batch_sizes(32, few=True) == [1, 4, 8, 12, 16, 32]
    assert batch_sizes(8, few=True) == [1, 2, 3, 4, 8]
    assert batch_sizes(1, few=True) == [1]
