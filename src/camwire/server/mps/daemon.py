"""NVIDIA's MPS daemon as the server sees it: started, watched, ended."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from pathlib import Path

from camwire.children import start_child
from camwire.server.mps.keeper import QUITTING, READY
from camwire.server.mps.program import MpsError, check_length

KEEPER = "camwire.server.mps.keeper"
STARTING = 5.0
"""Seconds that it has until it listens."""
KEEPER_STARTING = 10.0
"""Seconds that the keeper's own start may take besides."""
LONGEST_MESSAGE = 4096


class Daemon:
    """It ends with this process, whatever ends it."""

    def __init__(self, program: str, directory: Path, patience: float = STARTING) -> None:
        """Returns when it listens in ``directory``, which is made anew; after ``patience`` seconds at the
        latest. Raises MpsError."""
        check_length(directory)
        shutil.rmtree(directory, ignore_errors=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                directory.mkdir(mode=0o700)
                arguments = (str(theirs.fileno()), program, str(directory), str(patience))
                self._keeper = start_child(KEEPER, *arguments, descriptors=[theirs.fileno()])
        except OSError as error:
            ours.close()
            raise MpsError(f"it could not be started: {error.strerror}") from None
        self._socket = ours
        self._socket.settimeout(patience + KEEPER_STARTING)
        try:
            said = self._socket.recv(LONGEST_MESSAGE)
        except TimeoutError:
            said = b"it did not start in time"
        if said != READY:
            self.end()
            raise MpsError(_reason(said))
        self._socket.setblocking(False)

    async def ended(self) -> str:
        """Wait until it ends; returns why."""
        return _reason(await asyncio.get_running_loop().sock_recv(self._socket, LONGEST_MESSAGE))

    def end(self) -> None:
        """End it and all that it started; when this returns, they are gone."""
        self._socket.close()
        try:
            self._keeper.wait(2 * QUITTING + 2.0)
        except subprocess.TimeoutExpired:
            self._keeper.kill()  # and the kernel the daemon
            self._keeper.wait()


def _reason(said: bytes) -> str:
    return said.decode(errors="replace") or "the process that ran it was killed"
