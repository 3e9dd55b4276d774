"""Real processes that end, fall silent, fail and refuse to go."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from camwire.exit_status import describe_exit
from camwire.server.restart_policy import HOPELESS, Heartbeat, RestartPolicy
from camwire.server.supervisor import GRACE, LONGEST_GRACE, Launch, Supervisor
from tests.server.running import until

SCRIPT = Path(__file__).parent.parent / "support" / "tiny_worker.py"
PATIENT = Heartbeat(at_first=60, later=60)


def command(kind: str) -> list[str]:
    # -S -E: no site packages; it starts in a few milliseconds.
    return [os.path.realpath(psutil.Process().exe()), "-SE", str(SCRIPT), kind]


class Watched:
    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.asked_to_stop = 0

    async def started(self, other_than: int | None = None) -> int:
        """The process id, once there is one (other than the given)."""
        await until(lambda: self.supervisor.state.pid not in (None, other_than), "a process is started")
        assert self.supervisor.state.pid is not None
        return self.supervisor.state.pid


@asynccontextmanager
async def supervised(
    argv: list[str], *, heartbeat: Heartbeat = PATIENT, policy: RestartPolicy | None = None
) -> AsyncIterator[Watched]:
    async def say_stop() -> None:
        watched.asked_to_stop += 1

    policy = policy or RestartPolicy(first=0.01, longest=0.02, hopeless=0.05)
    watched = Watched(Supervisor("cpu", argv, say_stop, heartbeat=heartbeat, policy=policy))
    running = asyncio.create_task(watched.supervisor.run())
    try:
        yield watched
    finally:
        watched.supervisor.stop()
        await asyncio.wait_for(running, 60)
        assert watched.supervisor.state.phase == "stopped"


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))


def is_gone(pid: int) -> bool:
    """Neither running nor waiting to be reaped."""
    return not psutil.pid_exists(pid)


@pytest.mark.integration
def test_a_worker_runs_from_its_first_message_on() -> None:
    async def test() -> None:
        async with supervised(command("steady")) as watched:
            pid = await watched.started()
            assert watched.supervisor.state.phase == "starting"
            assert not watched.supervisor.heard(pid + 1), "another process's message counts for nothing"
            assert watched.supervisor.state.phase == "starting"
            assert watched.supervisor.heard(pid)
            assert watched.supervisor.state.phase == "running"
        assert watched.asked_to_stop == 1
        assert is_gone(pid)

    run(test)


@pytest.mark.integration
def test_a_killed_worker_is_back_with_the_reason_told() -> None:
    async def test() -> None:
        async with supervised(command("steady"), policy=RestartPolicy(first=0.3)) as watched:
            pid = await watched.started()
            watched.supervisor.heard(pid)
            os.kill(pid, signal.SIGKILL)
            await until(lambda: watched.supervisor.state.phase == "restarting", "the end is noticed")
            assert watched.supervisor.state.reason == "it was killed by SIGKILL"
            assert watched.supervisor.state.pid is None
            successor = await watched.started()
            assert successor != pid
            assert watched.supervisor.state.restarts == 1
            assert not watched.supervisor.heard(pid), "late messages of the dead count for nothing"
            assert watched.supervisor.heard(successor)
            assert (watched.supervisor.state.phase, watched.supervisor.state.reason) == ("running", None)
            assert is_gone(pid)

    run(test)


@pytest.mark.integration
def test_a_worker_that_falls_silent_is_killed_with_its_children_and_replaced() -> None:
    async def test() -> None:
        heartbeat = Heartbeat(at_first=60, later=0.3)
        async with supervised(command("stubborn"), heartbeat=heartbeat) as watched:
            pid = await watched.started()
            process = psutil.Process(pid)
            await until(lambda: process.children(), "its child runs")
            [child] = process.children()
            os.kill(pid, signal.SIGSTOP)
            watched.supervisor.heard(pid)
            await watched.started(other_than=pid)
            assert is_gone(pid)
            await until(lambda: not child.is_running() or child.status() == "zombie", "the child is gone too")
            assert watched.supervisor.state.restarts == 1

    run(test)


@pytest.mark.integration
def test_a_worker_that_is_condemned_is_killed_with_its_children_and_replaced() -> None:
    async def test() -> None:
        async with supervised(command("stubborn"), policy=RestartPolicy(first=0.3)) as watched:
            pid = await watched.started()
            process = psutil.Process(pid)
            await until(lambda: process.children(), "its child runs")
            [child] = process.children()
            watched.supervisor.heard(pid)
            watched.supervisor.replace("a batch was stuck")
            watched.supervisor.replace("and once more")
            await until(lambda: watched.supervisor.state.phase == "restarting", "it is killed")
            assert watched.supervisor.state.reason == "it was killed: a batch was stuck"
            assert is_gone(pid)
            await until(lambda: not child.is_running() or child.status() == "zombie", "the child is gone too")
            await watched.started(other_than=pid)
            assert watched.supervisor.state.restarts == 1

    run(test)


@pytest.mark.integration
def test_a_worker_that_never_says_a_word_is_replaced() -> None:
    async def test() -> None:
        async with supervised(command("steady"), heartbeat=Heartbeat(at_first=0.2, later=60)) as watched:
            pid = await watched.started()
            await watched.started(other_than=pid)
            assert "said nothing" in (watched.supervisor.state.reason or "")

    run(test)


@pytest.mark.integration
def test_one_that_always_fails_is_tried_on_slowly_and_called_failing() -> None:
    async def test() -> None:
        async with supervised(command("failing")) as watched:
            await until(lambda: watched.supervisor.state.phase == "failing", "it is given up on")
            assert watched.supervisor.state.reason == "it ended with status 3"
            restarts = watched.supervisor.state.restarts
            assert restarts >= HOPELESS
            await until(lambda: watched.supervisor.state.restarts > restarts, "it is tried again")

    run(test)


@pytest.mark.integration
def test_a_program_that_is_not_there_is_a_failure_like_any_other() -> None:
    async def test() -> None:
        async with supervised(["/no/such/program"]) as watched:
            await until(lambda: watched.supervisor.state.restarts, "it failed")
            assert watched.supervisor.state.reason == "it could not be started: No such file or directory"

    run(test)


@pytest.mark.integration
def test_one_that_will_not_stop_is_killed_with_its_children() -> None:
    async def test() -> None:
        async with supervised(command("stubborn")) as watched:
            pid = await watched.started()
            await until(lambda: psutil.Process(pid).children(), "it ignores SIGTERM and its child runs")
            [child] = psutil.Process(pid).children()
        assert is_gone(pid)
        await until(lambda: not child.is_running() or child.status() == "zombie", "the child is gone too")

    run(test)


@pytest.mark.integration
def test_stopping_does_not_wait_for_the_next_try() -> None:
    async def test() -> None:
        async with supervised(command("failing"), policy=RestartPolicy(first=3600, longest=3600)) as watched:
            await until(lambda: watched.supervisor.state.phase == "restarting", "it ended")

    run(test)


async def stubborn() -> tuple[Supervisor, int, asyncio.Task[None]]:
    """One that keeps a worker that ignores SIGTERM: its process id, and the supervisor's own task."""

    async def say_stop() -> None:
        pass

    supervisor = Supervisor("cpu", command("stubborn"), say_stop, heartbeat=PATIENT)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.state.pid, "it is started")
    pid = supervisor.state.pid
    assert pid
    return supervisor, pid, running


@pytest.mark.integration
def test_cancelling_leaves_no_process() -> None:
    async def test() -> None:
        _, pid, running = await stubborn()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert is_gone(pid)

    run(test)


@pytest.mark.integration
def test_one_that_still_says_something_gets_longer_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camwire.server.supervisor.GRACE", 1.5)
    monkeypatch.setattr("camwire.server.supervisor.LONGEST_GRACE", 4.0)

    async def test() -> None:
        supervisor, pid, running = await stubborn()
        await until(lambda: psutil.Process(pid).children(), "it ignores SIGTERM and its child runs")
        began = time.monotonic()
        supervisor.stop()
        while time.monotonic() < began + 2.5:
            assert not is_gone(pid)
            supervisor.heard(pid)
            await asyncio.sleep(0.05)
        # But not for ever.
        while not running.done():
            supervisor.heard(pid)
            await asyncio.sleep(0.05)
        assert is_gone(pid)

    run(test)


def test_a_worker_that_does_not_stop_leaves_time_for_the_rest() -> None:
    """Of three seconds, and of the ten that Docker waits where it has still something to say."""
    assert GRACE <= 2
    assert LONGEST_GRACE <= 8


def test_ends_are_told_in_words() -> None:
    assert describe_exit(0) == "it ended with status 0"
    assert describe_exit(-11) == "it was killed by SIGSEGV"
    assert describe_exit(-200) == "it was killed by signal 200"


@pytest.mark.integration
def test_how_it_is_launched_is_asked_at_each_start(tmp_path: Path) -> None:
    asked: list[int] = []

    def launch(command: Sequence[str], failures: int) -> Launch:
        asked.append(failures)
        return Launch([*command, f'echo "$TRY" > {tmp_path}/{failures}'], {"TRY": str(failures)})

    async def test() -> None:
        async def say_stop() -> None:
            pass

        policy = RestartPolicy(first=0.01, longest=0.02)
        supervisor = Supervisor("cuda:0", ["sh", "-c"], say_stop, policy=policy, launch=launch)
        running = asyncio.create_task(supervisor.run())
        await until(lambda: len(asked) > 3, "it was started some times")
        supervisor.stop()
        await asyncio.wait_for(running, 60)
        assert asked[:4] == [0, 1, 2, 3]
        assert [(tmp_path / str(failures)).read_text() for failures in range(3)] == ["0\n", "1\n", "2\n"]

    run(test)
