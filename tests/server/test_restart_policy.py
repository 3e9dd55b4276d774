"""When a worker is started again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from camwire.server.restart_policy import HOPELESS, LONG_ENOUGH, Heartbeat, RestartPolicy, heartbeat_of


def test_the_delay_doubles_to_its_bound() -> None:
    policy = RestartPolicy()
    assert [policy.delay_after(0.1) for _ in range(8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_good_run_starts_it_anew() -> None:
    policy = RestartPolicy()
    for _ in range(10):
        policy.delay_after(1.0)
    assert policy.delay_after(LONG_ENOUGH) == 0.2
    assert policy.delay_after(1.0) == 0.4


def test_after_many_quick_failures_it_tries_slowly_and_says_so() -> None:
    policy = RestartPolicy()
    delays = [policy.delay_after(0.0) for _ in range(HOPELESS)]
    assert delays[-2] == 10.0
    assert delays[-1] == 60.0
    assert policy.failing
    assert policy.delay_after(0.0) == 60.0
    policy.delay_after(LONG_ENOUGH)
    assert not policy.failing


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6)))
def test_the_delay_is_never_nothing_and_never_endless(runs: list[float]) -> None:
    policy = RestartPolicy()
    assert all(0.2 <= policy.delay_after(ran_for) <= 60.0 for ran_for in runs)


def test_a_worker_may_be_silent_longer_at_first() -> None:
    heartbeat = Heartbeat(at_first=20, later=10)
    assert heartbeat.deadline(started=100, last_heard=None) == 120
    assert heartbeat.deadline(started=100, last_heard=103) == 113


@settings(deadline=None)
@given(heard=st.floats(0, 100), now=st.floats(0, 100), later=st.floats(0.1, 30), at_first=st.floats(0.1, 30))
def test_no_deadline_passes_between_two_looks(
    heard: float, now: float, later: float, at_first: float
) -> None:
    heartbeat = Heartbeat(at_first=at_first, later=later)
    look = heartbeat.next_look(0.0, None, now)
    assert look <= heartbeat.deadline(0.0, None)
    assert look <= heartbeat.deadline(0.0, max(heard, now))


def test_a_worker_on_a_gpu_may_take_longer_to_begin_and_no_longer_later() -> None:
    cpu, gpu = heartbeat_of("cpu"), heartbeat_of("cuda:1")
    assert gpu.at_first > cpu.at_first
    assert gpu.later == cpu.later
