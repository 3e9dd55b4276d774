"""Whether workers and their processes share GPUs through MPS, and what a worker is told of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import structlog

from camwire.config.root import Config
from camwire.server.devices import Devices, Found
from camwire.server.mps.daemon import Daemon
from camwire.server.mps.program import (
    NOWHERE,
    PROGRAM,
    SHARED_BY,
    MpsError,
    find_program,
    runs,
    tell,
    usual_directory,
)
from camwire.server.supervisor import Launch

WORTH_IT = 12
"""Cameras a GPU, from which on reading them outside the worker makes up for the processes that it takes."""
GIVE_UP = 5
"""Quick failures of a worker in a row after which it is started without MPS."""
SOURCES_APART = "--sources-apart"
"""What `camwire worker` is told to read and decode cameras in processes of their own."""
FOLDER = "mps"
ASKING = 2.0
"""Seconds that a daemon has for an answer."""

Look = Callable[[Mapping[str, str]], Found]
"""Which GPUs work for a process with these environment variables besides the server's."""

log = structlog.get_logger()


class Sharing:
    """``launch`` is asked at each start of a worker, so that one that is replaced gets what holds by then."""

    def __init__(
        self,
        because: str,
        directory: Path | None = None,
        *,
        daemon: Daemon | None = None,
        again: Callable[[], Daemon] | None = None,
        otherwise: Mapping[str, str] | None = None,
    ) -> None:
        """``directory``: of the daemon that is used, None without one. ``daemon``: where it is ours, and
        ``again`` starts another one, raising MpsError. ``otherwise``: for workers that do without."""
        self.because = because
        self.directory = directory
        self._daemon = daemon
        self._again = again
        self._otherwise = otherwise or {}

    @property
    def by_mps(self) -> bool:
        return self.directory is not None

    def launch(self, command: Sequence[str], failures: int) -> Launch:
        """How a worker on a GPU is started after so many quick ``failures`` in a row."""
        if self.directory is None:
            return Launch(command, self._otherwise)
        if failures >= GIVE_UP:
            log.warning("a worker keeps failing: it is started without MPS", failures=failures)
        elif not runs(self.directory):
            log.warning("NVIDIA's MPS daemon is gone: a worker is started without it", at=str(self.directory))
        else:
            return Launch([*command, SOURCES_APART], {SHARED_BY: str(self.directory)})
        return Launch(command, {SHARED_BY: NOWHERE})

    async def watch(self, replace_workers: Callable[[str], None]) -> None:
        """When the daemon that is ours ends: start it once more and have workers replaced, which begin with
        it or, where that fails or it has ended for the second time, without. Returns when nothing is left to
        watch."""
        while self._daemon is not None:
            reason = await self._daemon.ended()
            log.error("NVIDIA's MPS daemon ended; GPU workers are replaced", reason=reason)
            await asyncio.to_thread(self.end)
            await asyncio.to_thread(self._start_once_more)
            replace_workers("NVIDIA's MPS daemon ended")

    def _start_once_more(self) -> None:
        again, self._again = self._again, None
        try:
            if again is None:
                raise MpsError("it had been started once more before")
            self._daemon = again()
            log.info("NVIDIA's MPS daemon was started once more")
        except MpsError as error:
            log.error(
                "until camwire is started again, workers do without MPS and keep up with fewer cameras",
                because=str(error),
            )

    def end(self) -> None:
        """End the daemon that is ours; its clients should be gone."""
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.end()


@contextmanager
def shared(config: Config, devices: Devices, place: Path, look: Look) -> Iterator[Sharing]:
    """Start what is needed, and end it. ``place``: a private folder for the daemon's own.

    Raises MpsError where the configuration says `mps: on` and it can't be had.
    """
    sharing = _begin(config, devices, place / FOLDER, look)
    if any(name != "cpu" for name in devices.names):
        by = "NVIDIA's MPS" if sharing.by_mps else "turns"
        log.info("processes share a GPU", by=by, because=sharing.because)
    try:
        yield sharing
    finally:
        sharing.end()


def unwanted(config: Config, devices: Devices) -> str | None:
    """Why MPS isn't used, whether or not it is there; None where it is wanted."""
    if config.mps == "off":
        return "mps: off"
    if all(name == "cpu" for name in devices.names):
        return "there is no GPU among the devices"
    if config.engine != "native":
        return f"engine: {config.engine} has one process a GPU"
    if config.mps == "auto" and len(config.cameras) < WORTH_IT * len(devices.names):
        return f"mps: auto is for {WORTH_IT} cameras a GPU and more"
    return None


def kept_away(config: Config) -> dict[str, str]:
    """What a process is told so that, with `mps: off`, it takes no part in a daemon that serves everyone."""
    if config.mps == "off" and runs(usual_directory(os.environ)):
        return {SHARED_BY: NOWHERE}
    return {}


def _begin(config: Config, devices: Devices, directory: Path, look: Look) -> Sharing:
    if (reason := unwanted(config, devices)) is not None:
        return Sharing(reason, otherwise=kept_away(config))
    usual = usual_directory(os.environ)
    if runs(usual):  # through it the GPUs were found in the first place
        return Sharing(f"mps: {config.mps}, and a daemon runs already, in {usual}", usual)
    program = find_program()
    try:
        if program is None:
            raise MpsError(f"{PROGRAM} is not installed; see camwire doctor")
        gpus = [name for name in devices.names if name != "cpu"]
        start = partial(_proved, program, directory, gpus, look)
        daemon = start()
    except MpsError as error:
        if config.mps == "on":
            raise MpsError(f"mps: on: {error}") from None
        if program is not None:
            log.warning("NVIDIA's MPS does not work here; camwire goes on without", reason=str(error))
        return Sharing(str(error))
    because = (
        f"mps: {config.mps}, {len(config.cameras)} cameras on {len(gpus)} GPU{'s' if len(gpus) > 1 else ''}"
    )
    return Sharing(because, directory, daemon=daemon, again=start)


def _proved(program: str, directory: Path, gpus: Sequence[str], look: Look) -> Daemon:
    """A daemon that runs and through which the GPUs work. Raises MpsError."""
    daemon = Daemon(program, directory)
    try:
        found = look({SHARED_BY: str(directory)})
        if missing := [gpu for gpu in gpus if gpu not in found.gpus]:
            raise MpsError(f"through it, {', '.join(missing)} can't be used: {found.obstacle or 'not found'}")
        if not tell(program, directory, "get_server_list", ASKING):
            raise MpsError("the driver doesn't make use of its daemon")
    except BaseException:
        daemon.end()
        raise
    return daemon
