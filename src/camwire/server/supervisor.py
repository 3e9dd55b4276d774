"""Keeps a worker's process running: starts it, replaces it when it ends or falls silent, stops it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal

import structlog

from camwire.exit_status import describe_exit
from camwire.server.restart_policy import Heartbeat, RestartPolicy

GRACE = 2.0
"""Seconds that a worker has to stop by itself, since it was last heard."""
LONGEST_GRACE = 7.0
"""Seconds that it has in all: on a busy machine its last events take their time. With what else is to end it
is less than the ten after which Docker kills."""
ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
"""For a worker whose environment doesn't say otherwise. Left to itself, glibc keeps what each of a worker's
many threads has freed for that thread: a fifth more memory, and growing (docs/performance.md). NumPy's matrix
products would take all cores, which the worker's own threads share already."""
OWN_DELAY = 1.0
"""When the watch wakes this much later than it meant to, the server itself stood still."""

log = structlog.get_logger()


Phase = Literal["starting", "running", "restarting", "failing", "stopped"]


@dataclass(frozen=True, slots=True)
class WorkerState:
    """What the process is doing; ``reason`` says why it isn't running."""

    phase: Phase
    pid: int | None = None
    reason: str | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Launch:
    """What is executed, and the environment variables that it has besides this process's own."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def as_it_is(command: Sequence[str], _failures: int) -> Launch:
    """However often it has failed."""
    return Launch(command)


class Supervisor:
    """Of one worker. Its process has a session and a group of its own, which is what gets killed."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        say_stop: Callable[[], Awaitable[object]],
        *,
        policy: RestartPolicy | None = None,
        heartbeat: Heartbeat | None = None,
        launch: Callable[[Sequence[str], int], Launch] = as_it_is,
    ) -> None:
        """``say_stop`` asks the worker to stop, over the link. ``launch`` makes of the command, and of how
        often in a row the worker has just failed quickly, what is executed; it is asked at each start."""
        self.name = name
        self.state = WorkerState("starting")
        self._command = command
        self._launch = launch
        self._say_stop = say_stop
        self._policy = policy or RestartPolicy()
        self._heartbeat = heartbeat or Heartbeat()
        self._stopping = asyncio.Event()
        self._last_heard: float | None = None
        self._condemned: asyncio.Future[str] | None = None
        """Gets the reason why the process that runs is to be replaced."""

    def heard(self, pid: int) -> bool:
        """The worker with this process id said something; false when it is not the one that runs now."""
        if pid != self.state.pid:
            return False
        self._last_heard = time.monotonic()
        if self.state.phase == "starting":
            self.state = replace(self.state, phase="running", reason=None)
            log.info("worker runs", worker=self.name, pid=pid)
        return True

    def replace(self, reason: str) -> None:
        """Kill the process that runs, and start another one."""
        if self._condemned is not None and not self._condemned.done():
            self._condemned.set_result(reason)

    def stop(self) -> None:
        """Let ``run`` end, with the worker stopped."""
        self._stopping.set()

    def kill(self) -> None:
        """Kill the worker this instant; for when nobody wants to wait."""
        if self.state.pid is not None:
            _kill_group(self.state.pid)

    async def run(self) -> None:
        """Keep the worker running until ``stop``. However this ends, the process is gone afterwards."""
        while not self._stopping.is_set():
            began = time.monotonic()
            reason = await self._run_once()
            if not self._stopping.is_set():
                await self._pause(reason, time.monotonic() - began)
        self.state = replace(self.state, phase="stopped", pid=None, reason=None)

    async def _pause(self, reason: str, ran_for: float) -> None:
        delay = self._policy.delay_after(ran_for)
        self.state = replace(
            self.state,
            phase="failing" if self._policy.failing else "restarting",
            pid=None,
            reason=reason,
            restarts=self.state.restarts + 1,
        )
        log.error("worker ended", worker=self.name, reason=reason, again_in_s=round(delay, 1))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), delay)

    async def _run_once(self) -> str:
        """Start the worker and stay with it to its end; returns why it ended."""
        self._last_heard = None
        launch = self._launch(self._command, self._policy.failures)
        try:
            # Its standard output goes to our standard error: ours may be read by programs.
            process = await asyncio.create_subprocess_exec(
                *launch.command,
                stdin=DEVNULL,
                stdout=2,
                start_new_session=True,
                env={**ENVIRONMENT, **os.environ, **launch.environment},
            )
        except OSError as error:
            return f"it could not be started: {error.strerror}"
        self.state = replace(self.state, phase="starting", pid=process.pid)
        try:
            return await self._watch(process)
        finally:
            _kill_group(process.pid)
            await process.wait()

    async def _watch(self, process: Process) -> str:
        started = time.monotonic()
        exited = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(self._stopping.wait())
        condemned = self._condemned = asyncio.get_running_loop().create_future()
        try:
            while True:
                wake = self._heartbeat.next_look(started, self._last_heard, time.monotonic())
                await asyncio.wait(
                    {exited, stopping, condemned},
                    timeout=max(0.0, wake - time.monotonic()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if exited.done():
                    return describe_exit(exited.result())
                if stopping.done():
                    await self._stop_gently(process, exited)
                    return "it was stopped"
                if condemned.done():
                    return f"it was killed: {condemned.result()}"
                now = time.monotonic()
                if now > wake + OWN_DELAY:
                    started = now
                    self._last_heard = self._last_heard and now
                elif now >= self._heartbeat.deadline(started, self._last_heard):
                    return f"it said nothing for {now - (self._last_heard or started):.0f} s and was killed"
        finally:
            exited.cancel()
            stopping.cancel()
            condemned.cancel()

    async def _stop_gently(self, process: Process, exited: asyncio.Task[int]) -> None:
        began = time.monotonic()
        await self._say_stop()
        with suppress(ProcessLookupError):
            process.terminate()
        while not exited.done() and (left := self._stops_until(began) - time.monotonic()) > 0:
            await asyncio.wait({exited}, timeout=left)
        if not exited.done():
            seconds = round(time.monotonic() - began, 1)
            log.warning("worker did not stop in time and was killed", worker=self.name, seconds=seconds)

    def _stops_until(self, began: float) -> float:
        """When a worker that was told to stop is killed, as far as is known now."""
        return min(max(began, self._last_heard or began) + GRACE, began + LONGEST_GRACE)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
